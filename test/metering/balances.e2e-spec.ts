import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { CreditLedger } from '../../src/modules/metering/application/credit-ledger.js';
import { MAX_CREDITS, type CreditRefill } from '../../src/modules/metering/domain/credits.js';
import { PostgresCreditStore } from '../../src/modules/metering/infrastructure/postgres-credit-store.js';
import { BalancesFixture } from './balances.js';
import { ModelBalance } from './credits-model.js';

const HOUR = 3_600_000;

let fixture: BalancesFixture;

beforeAll(async () => {
  fixture = await BalancesFixture.create();
});

afterAll(() => fixture.drop());

/** A clock that the test sets. */
function clockAt(start: string) {
  let now = Date.parse(start);
  return {
    read: (): Date => new Date(now),
    advance: (milliseconds: number): void => {
      now += milliseconds;
    },
    set: (time: string): void => {
      now = Date.parse(time);
    },
  };
}

const DAILY: CreditRefill = { amount: 10, interval: 'daily', day: null };
const monthlyOn = (day: number): CreditRefill => ({ amount: 10, interval: 'monthly', day });

describe('a refill', () => {
  it.each([
    ['daily', DAILY, '2026-05-27T23:59:59.999Z', '2026-05-28T00:00:00.000Z'],
    ['on the first', monthlyOn(1), '2026-05-31T23:59:59.999Z', '2026-06-01T00:00:00.000Z'],
    [
      'on the 31st of a month with 31 days',
      monthlyOn(31),
      '2026-05-30T23:59:59.999Z',
      '2026-05-31T00:00:00.000Z',
    ],
    [
      'on the last of a month with 30 days for the 31st',
      monthlyOn(31),
      '2026-06-29T23:59:59.999Z',
      '2026-06-30T00:00:00.000Z',
    ],
    [
      'on the 28th of February for the 31st',
      monthlyOn(31),
      '2026-02-27T23:59:59.999Z',
      '2026-02-28T00:00:00.000Z',
    ],
    [
      'on the 29th of February for the 30th of a leap year',
      monthlyOn(30),
      '2028-02-28T23:59:59.999Z',
      '2028-02-29T00:00:00.000Z',
    ],
    ['on the first of a year', monthlyOn(1), '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z'],
  ])('comes %s at 00:00 UTC, and not a millisecond before', async (_, refill, before, after) => {
    const clock = clockAt('2026-01-15T12:00:00Z');
    clock.set(new Date(Date.parse(before) - 12 * HOUR).toISOString());
    const id = await fixture.give('key', { remaining: 1, refill }, clock.read);
    clock.set(before);
    expect(await fixture.remaining(id, clock.read)).toBe(1);
    clock.set(after);
    expect(await fixture.remaining(id, clock.read)).toBe(10);
  });

  it('comes once, whoever notices first, and although the clock goes back over midnight', async () => {
    const clock = clockAt('2026-05-27T23:00:00Z');
    const id = await fixture.give('key', { remaining: 0, refill: DAILY }, clock.read);
    const store = new PostgresCreditStore(fixture.pool, clock.read);
    const spend = async (times: number): Promise<number> => {
      const [outcome] = await store.spend([{ accounts: { keyId: id, applicationId: null }, cost: 1, times }]);
      return outcome?.granted ?? NaN;
    };
    clock.set('2026-05-28T00:00:00Z');
    const granted = await Promise.all(Array.from({ length: 40 }, () => spend(1)));
    expect(granted.reduce((total, one) => total + one, 0)).toBe(10);
    clock.set('2026-05-27T23:59:59Z');
    expect(await spend(1)).toBe(0);
    clock.set('2026-05-28T00:00:01Z');
    expect(await spend(1)).toBe(0);
    clock.set('2026-05-29T00:00:00Z');
    expect(await spend(20)).toBe(10);
  });

  it('does not take away what is more, and does not add up when nobody is there', async () => {
    const clock = clockAt('2026-05-27T12:00:00Z');
    const rich = await fixture.give('key', { remaining: 50, refill: DAILY }, clock.read);
    const poor = await fixture.give('key', { remaining: 2, refill: DAILY }, clock.read);
    clock.advance(72 * HOUR);
    expect(await fixture.remaining(rich, clock.read)).toBe(50);
    expect(await fixture.remaining(poor, clock.read)).toBe(10);
  });

  it('is named to those who are refused until then, if it will do', async () => {
    const clock = clockAt('2026-01-31T12:00:00Z');
    const ledger = new CreditLedger(new PostgresCreditStore(fixture.pool, clock.read));
    const retryAfter = async (refill: CreditRefill | null, cost: number): Promise<number | null> => {
      const keyId = await fixture.give('key', { remaining: 1, refill }, clock.read);
      return (await ledger.spend({ keyId, applicationId: null }, cost)).retryAfterSeconds;
    };
    const day = 24 * 3600;
    expect(await retryAfter(DAILY, 2)).toBe(day / 2);
    expect(await retryAfter(monthlyOn(31), 2)).toBe(27.5 * day);
    expect(await retryAfter(monthlyOn(1), 10)).toBe(day / 2);
    expect(await retryAfter(monthlyOn(15), 10)).toBe(14.5 * day);
    expect(await retryAfter(DAILY, 1)).toBeNull();
    expect(await retryAfter(DAILY, 11)).toBeNull();
    expect(await retryAfter(null, 2)).toBeNull();

    const rich = await fixture.give('key', { remaining: 50, refill: monthlyOn(15) }, clock.read);
    const poor = await fixture.give('application', { remaining: 0, refill: DAILY }, clock.read);
    const both = await ledger.spend({ keyId: rich, applicationId: poor }, 5);
    expect(both).toMatchObject({ granted: false, retryAfterSeconds: day / 2 });
  });

  it('that was due before the balance was set does not come after it', async () => {
    const clock = clockAt('2026-05-27T12:00:00Z');
    const id = await fixture.give('key', { remaining: 2, refill: DAILY }, clock.read);
    clock.advance(24 * HOUR);
    expect(await fixture.set(id, 3, clock.read)).toMatchObject({ remaining: 3 });
    expect(await fixture.remaining(id, clock.read)).toBe(3);
  });

  it('that is due comes before what is added', async () => {
    const clock = clockAt('2026-05-27T12:00:00Z');
    const id = await fixture.give('key', { remaining: 2, refill: DAILY }, clock.read);
    clock.advance(24 * HOUR);
    expect(await fixture.add(id, -7, clock.read)).toMatchObject({ remaining: 3 });
    expect(await fixture.remaining(id, clock.read)).toBe(3);
  });
});

describe('a balance', () => {
  it('is set, added to and taken from, and loses nothing to those who change it at once', async () => {
    const id = await fixture.give('key', { remaining: 0 });
    const store = new PostgresCreditStore(fixture.pool);
    await fixture.set(id, 100);
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        if (i % 3 === 0) await fixture.add(id, 5);
        if (i % 3 === 1) await fixture.add(id, -2);
        if (i % 3 === 2)
          await store.spend([{ accounts: { keyId: id, applicationId: null }, cost: 3, times: 2 }]);
      }),
    );
    expect(await fixture.remaining(id)).toBe(100 + 50 - 20 - 60);
  });

  it('never leaves its range, and stays as it was when it would', async () => {
    const id = await fixture.give('key', { remaining: 5 });
    await expect(fixture.add(id, -6)).rejects.toMatchObject({ code: 'credits_out_of_range' });
    await expect(fixture.add(id, MAX_CREDITS)).rejects.toMatchObject({ code: 'credits_out_of_range' });
    await expect(fixture.add(id, -MAX_CREDITS)).rejects.toMatchObject({ code: 'credits_out_of_range' });
    expect(await fixture.remaining(id)).toBe(5);
    expect(await fixture.add(id, MAX_CREDITS - 5)).toMatchObject({ remaining: MAX_CREDITS });
    expect(await fixture.add(id, -MAX_CREDITS)).toMatchObject({ remaining: 0 });
  });

  it('that is not there cannot be changed', async () => {
    await expect(fixture.set(randomUUID(), 5)).rejects.toMatchObject({ code: 'no_credits' });
    await expect(fixture.add(randomUUID(), 5)).rejects.toMatchObject({ code: 'no_credits' });
  });

  it('is refused by the database itself below zero and beyond what JSON can say', async () => {
    const id = await fixture.give('key', { remaining: 5 });
    for (const remaining of ['-1', '9007199254740992']) {
      await expect(
        fixture.pool.query('UPDATE credit_balances SET remaining = $2 WHERE subject_id = $1', [
          id,
          remaining,
        ]),
      ).rejects.toMatchObject({ code: '23514' });
    }
  });

  it('does over years as one that is refilled midnight by midnight', async () => {
    const step = fc.record({
      kind: fc.constantFrom(
        'spend' as const,
        'spend' as const,
        'add' as const,
        'set' as const,
        'read' as const,
      ),
      hours: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 24 * 70 })),
      amount: fc.integer({ min: 0, max: 12 }),
      times: fc.integer({ min: 1, max: 4 }),
    });
    const refill = fc.oneof(
      fc.constant(null),
      fc.record({
        amount: fc.integer({ min: 1, max: 20 }),
        interval: fc.constant('daily' as const),
        day: fc.constant(null),
      }),
      fc.record({
        amount: fc.integer({ min: 1, max: 20 }),
        interval: fc.constant('monthly' as const),
        day: fc.integer({ min: 1, max: 31 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        refill,
        fc.integer({ min: 0, max: 30 }),
        fc.array(step, { maxLength: 40 }),
        async (refill, remaining, steps) => {
          const clock = clockAt('2027-11-29T23:30:00Z');
          const now = (): number => clock.read().getTime();
          const keyId = await fixture.give('key', { remaining, refill }, clock.read);
          const model = new ModelBalance({ remaining, refill }, now());
          const store = new PostgresCreditStore(fixture.pool, clock.read);
          for (const { kind, hours, amount, times } of steps) {
            clock.advance(hours * HOUR);
            const left = model.left(now());
            if (kind === 'spend') {
              const granted = amount === 0 ? times : Math.min(times, Math.floor(left / amount));
              model.spend(granted * amount, now());
              const [outcome] = await store.spend([
                { accounts: { keyId, applicationId: null }, cost: amount, times },
              ]);
              expect(outcome).toMatchObject({ granted, keyRemaining: model.left(now()) });
            } else if (kind === 'add') {
              const delta = amount - 6;
              if (left + delta < 0)
                await expect(fixture.add(keyId, delta, clock.read)).rejects.toThrow('credits_out_of_range');
              else {
                model.set(left + delta, now());
                expect(await fixture.add(keyId, delta, clock.read)).toMatchObject({
                  remaining: left + delta,
                });
              }
            } else if (kind === 'set') {
              model.set(amount, now());
              await fixture.set(keyId, amount, clock.read);
            }
            expect(await fixture.remaining(keyId, clock.read)).toBe(model.left(now()));
          }
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
  });
});
