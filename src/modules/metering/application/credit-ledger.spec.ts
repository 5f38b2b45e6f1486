import { beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryCreditStore } from '../../../../test/metering/memory-credit-store.js';
import { CreditLedger } from './credit-ledger.js';

const KEY = { keyId: 'key', applicationId: null };
const APPLICATION = { keyId: null, applicationId: 'application' };

let store: MemoryCreditStore;
let ledger: CreditLedger;

beforeEach(() => {
  store = new MemoryCreditStore();
  ledger = new CreditLedger(store);
});

describe('The ledger of credits', () => {
  it('tells each of those that share a statement what was left right after it', async () => {
    store.balances.set('key', 10);
    store.balances.set('application', 12);
    const accounts = { keyId: 'key', applicationId: 'application' };
    const spendings = await Promise.all(Array.from({ length: 5 }, () => ledger.spend(accounts, 3)));
    const refused = {
      granted: false,
      keyRemaining: 1,
      applicationRemaining: 3,
      // Half a second less would be too early.
      retryAfterSeconds: 60,
    };
    expect(spendings).toEqual([
      { granted: true, keyRemaining: 7, applicationRemaining: 9, retryAfterSeconds: null },
      { granted: true, keyRemaining: 4, applicationRemaining: 6, retryAfterSeconds: null },
      { granted: true, keyRemaining: 1, applicationRemaining: 3, retryAfterSeconds: null },
      refused,
      refused,
    ]);
    expect(store.runs).toHaveLength(1);
    expect(ledger.counts).toEqual({ granted: 3, refused: 2, failed: 0 });
  });

  it('says nothing is left where there is no account, and never when it will pass where it will not', async () => {
    store.balances.set('key', 0);
    store.spend = () =>
      Promise.resolve([{ granted: 0, keyRemaining: 0, applicationRemaining: null, againInSeconds: null }]);
    expect(await ledger.spend(KEY, 1)).toEqual({
      granted: false,
      keyRemaining: 0,
      applicationRemaining: null,
      retryAfterSeconds: null,
    });
  });

  it('tells what is left without spending any of it', async () => {
    store.balances.set('application', 5);
    expect(await ledger.spend(APPLICATION, 0)).toMatchObject({ granted: true, applicationRemaining: 5 });
  });

  it('joins equal verifications that follow one another, and keeps the order of the others', async () => {
    const accounts = { keyId: 'one', applicationId: 'application' };
    const other = { keyId: 'two', applicationId: 'application' };
    const calls = [
      [accounts, 1],
      [accounts, 1],
      [accounts, 2],
      [other, 2],
      [other, 2],
      [accounts, 1],
    ] as const;
    await Promise.all(calls.map(([whose, cost]) => ledger.spend(whose, cost)));
    expect(store.runs).toEqual([
      [
        { accounts, cost: 1, times: 2, counted: [] },
        { accounts, cost: 2, times: 1, counted: [] },
        { accounts: other, cost: 2, times: 2, counted: [] },
        { accounts, cost: 1, times: 1, counted: [] },
      ],
    ]);
  });

  it('joins nothing of different accounts that only have one of them in common', async () => {
    const both = { keyId: 'key', applicationId: 'application' };
    await Promise.all([both, APPLICATION].map((accounts) => ledger.spend(accounts, 1)));
    expect(store.runs[0]?.map(({ accounts }) => accounts)).toEqual([both, APPLICATION]);
  });

  it('counts verifications for their keys in the order in which they came', async () => {
    const [one, two] = ['one', 'two'].map((keyId) => ({ keyId, applicationId: 'application' }));
    const keys = [one, one, two, undefined, one];
    await Promise.all(keys.map((key) => ledger.spend(APPLICATION, 1, key)));
    expect(store.runs[0]?.[0]).toMatchObject({
      times: 5,
      counted: [
        { key: one, times: 2 },
        { key: two, times: 1 },
        { key: one, times: 1 },
      ],
    });
  });

  it('makes keys without shared credits wait for nobody but themselves', async () => {
    const keys = ['one', 'one', 'two'].map((keyId) => ({ keyId, applicationId: null }));
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const spend = store.spend.bind(store);
    store.spend = async (runs) => {
      const outcomes = spend(runs);
      await answered;
      return outcomes;
    };
    const spendings = [];
    for (const key of keys) {
      spendings.push(ledger.spend(key, 1));
      await nextTurn();
    }
    expect(store.runs.map((runs) => runs.map(({ accounts }) => accounts.keyId))).toEqual([['one'], ['two']]);
    expect(ledger.waiting).toBe(1);
    answer();
    await Promise.all(spendings);
    expect(ledger.waiting).toBe(0);
  });

  it('is in doubt of all that were under way when the database goes away, and tries none again', async () => {
    store.failure = new Error('connection lost');
    const spendings = await Promise.allSettled([ledger.spend(KEY, 1), ledger.spend(APPLICATION, 1)]);
    expect(spendings.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(store.runs).toHaveLength(1);
    expect(ledger.counts).toEqual({ granted: 0, refused: 0, failed: 2 });
  });

  it('is in doubt, too, of what the database did not answer', async () => {
    store.spend = () => Promise.resolve([]);
    await expect(ledger.spend(KEY, 1)).rejects.toThrow('the store did not answer a run');
    expect(ledger.counts).toEqual({ granted: 0, refused: 0, failed: 1 });
  });
});
