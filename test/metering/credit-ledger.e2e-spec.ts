import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CreditLedger, type Spending } from '../../src/modules/metering/application/credit-ledger.js';
import { CreditStore } from '../../src/modules/metering/domain/credit-store.js';
import { PostgresCreditStore } from '../../src/modules/metering/infrastructure/postgres-credit-store.js';
import { BalancesFixture } from './balances.js';

let fixture: BalancesFixture;

beforeAll(async () => {
  fixture = await BalancesFixture.create();
});

afterAll(() => fixture.drop());

function newLedger(): CreditLedger {
  return new CreditLedger(new PostgresCreditStore(fixture.pool));
}

function granted(spendings: readonly Spending[]): number {
  return spendings.filter((spending) => spending.granted).length;
}

describe('the ledger of credits', () => {
  it('spends what is there and nothing more, however many ask at once on four nodes', async () => {
    const keyId = await fixture.give('key', { remaining: 100 });
    const nodes = [newLedger(), newLedger(), newLedger(), newLedger()];
    const spendings = await Promise.all(
      Array.from({ length: 10_000 }, (_, i) => nodes[i % 4]!.spend({ keyId, applicationId: null }, 1)),
    );
    expect(granted(spendings)).toBe(100);
    expect(await fixture.remaining(keyId)).toBe(0);
    const lefts = spendings.filter((spending) => spending.granted).map(({ keyRemaining }) => keyRemaining);
    expect(lefts.sort((a, b) => a! - b!)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('spends the credits that the keys of an application share as exactly', async () => {
    const applicationId = await fixture.give('application', { remaining: 100 });
    const keys = await Promise.all(Array.from({ length: 20 }, () => fixture.give('key', { remaining: 7 })));
    const nodes = [newLedger(), newLedger(), newLedger(), newLedger()];
    const spendings = await Promise.all(
      Array.from({ length: 2000 }, (_, i) => nodes[i % 4]!.spend({ keyId: keys[i % 20]!, applicationId }, 1)),
    );
    expect(granted(spendings)).toBe(100);
    expect(await fixture.remaining(applicationId)).toBe(0);
    const left = await Promise.all(keys.map((id) => fixture.remaining(id)));
    expect(left.reduce((total: number, remaining) => total + remaining!, 0)).toBe(20 * 7 - 100);
  });

  it('spends from the key and its application together or from neither', async () => {
    const keyId = await fixture.give('key', { remaining: 3 });
    const applicationId = await fixture.give('application', { remaining: 10 });
    const ledger = newLedger();
    const spendings = [];
    for (let i = 0; i < 4; i++) spendings.push(await ledger.spend({ keyId, applicationId }, 1));
    expect(granted(spendings)).toBe(3);
    expect(spendings[3]).toMatchObject({ granted: false, keyRemaining: 0, applicationRemaining: 7 });
    const poor = await fixture.give('key', { remaining: 100 });
    expect(await ledger.spend({ keyId: poor, applicationId }, 8)).toMatchObject({ granted: false });
    expect(await fixture.remaining(poor)).toBe(100);
  });

  it('goes by the order of arrival, and passes over what does not fit', async () => {
    const keyId = await fixture.give('key', { remaining: 10 });
    const ledger = newLedger();
    const spendings = await Promise.all(
      [1, 4, 20, 4, 4, 1, 1].map((cost) => ledger.spend({ keyId, applicationId: null }, cost)),
    );
    expect(spendings.map((spending) => spending.granted)).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(spendings.map(({ keyRemaining }) => keyRemaining)).toEqual([9, 5, 5, 1, 1, 0, 0]);
  });

  it('only asks when the cost is 0, also when nothing is left', async () => {
    const keyId = await fixture.give('key', { remaining: 1 });
    const ledger = newLedger();
    expect(await ledger.spend({ keyId, applicationId: null }, 0)).toMatchObject({
      granted: true,
      keyRemaining: 1,
    });
    await ledger.spend({ keyId, applicationId: null }, 1);
    expect(await ledger.spend({ keyId, applicationId: null }, 0)).toMatchObject({
      granted: true,
      keyRemaining: 0,
    });
  });

  it('spends the largest cost from the largest balance, once', async () => {
    const keyId = await fixture.give('key', { remaining: Number.MAX_SAFE_INTEGER });
    const ledger = newLedger();
    const spendings = await Promise.all(
      Array.from({ length: 3 }, () => ledger.spend({ keyId, applicationId: null }, Number.MAX_SAFE_INTEGER)),
    );
    expect(spendings.map((spending) => spending.granted)).toEqual([true, false, false]);
  });

  it('sets no bound where the credits were taken off', async () => {
    const keyId = await fixture.give('key', { remaining: 0 });
    const applicationId = await fixture.give('application', { remaining: 5 });
    await fixture.put({ kind: 'key', id: keyId }, null);
    const ledger = newLedger();
    expect(await ledger.spend({ keyId, applicationId }, 2)).toMatchObject({
      granted: true,
      keyRemaining: null,
      applicationRemaining: 3,
    });
  });

  it('needs a fraction of a statement for each verification of a hot key', async () => {
    const keyId = await fixture.give('key', { remaining: 5000 });
    const store = new CountingStore(new PostgresCreditStore(fixture.pool));
    const ledger = new CreditLedger(store);
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let i = 0; i < 40; i++) await ledger.spend({ keyId, applicationId: null }, 1);
      }),
    );
    expect(await fixture.remaining(keyId)).toBe(3000);
    expect(store.statements).toBeLessThan(2000 / 10);
  });

  it('fails when the database cannot be asked, and has spent nothing for those who waited', async () => {
    const keyId = await fixture.give('key', { remaining: 10 });
    const store = new CountingStore(new PostgresCreditStore(fixture.pool));
    const ledger = new CreditLedger(store);
    store.isAway = true;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => ledger.spend({ keyId, applicationId: null }, 1)),
    );
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    store.isAway = false;
    expect(await ledger.spend({ keyId, applicationId: null }, 1)).toMatchObject({
      granted: true,
      keyRemaining: 9,
    });
  });

  it('does as one that spends one after the other, whatever is asked of it at once', async () => {
    const request = fc.record({ key: fc.integer({ min: 0, max: 2 }), cost: fc.integer({ min: 0, max: 5 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 4, maxLength: 4 }),
        fc.array(request, { maxLength: 60 }),
        async ([ofApplication, ...ofKeys], requests) => {
          const applicationId = await fixture.give('application', { remaining: ofApplication! });
          const keys = await Promise.all(ofKeys.map((remaining) => fixture.give('key', { remaining })));
          const ledger = newLedger();
          const spendings = await Promise.all(
            requests.map(({ key, cost }) => ledger.spend({ keyId: keys[key]!, applicationId }, cost)),
          );
          let shared = ofApplication!;
          const own = [...ofKeys];
          requests.forEach(({ key, cost }, index) => {
            const fits = cost <= own[key]! && cost <= shared;
            if (fits) {
              own[key]! -= cost;
              shared -= cost;
            }
            expect(spendings[index]).toMatchObject({
              granted: fits,
              keyRemaining: own[key],
              applicationRemaining: shared,
            });
          });
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

/** Counts statements, and can be taken away. */
class CountingStore extends CreditStore {
  statements = 0;
  isAway = false;

  constructor(private readonly store: CreditStore) {
    super();
  }

  spend(...args: Parameters<CreditStore['spend']>): ReturnType<CreditStore['spend']> {
    this.statements++;
    return this.isAway ? Promise.reject(new Error('connection refused')) : this.store.spend(...args);
  }
}
