import { describe, expect, it } from '@jest/globals';
import {
  creditChangesProblem,
  creditsOutOfRange,
  creditsProblem,
  noCredits,
  readCreditChanges,
  readCredits,
} from './credits.js';

const DAILY = { amount: 10, interval: 'daily' };
const MONTHLY = { amount: 10, interval: 'monthly' };

describe('credits', () => {
  it.each([
    { remaining: 0 },
    { remaining: Number.MAX_SAFE_INTEGER },
    { remaining: 5, refill: null },
    { remaining: 5, refill: DAILY },
    { remaining: 5, refill: MONTHLY },
    { remaining: 5, refill: { ...MONTHLY, day: 1 } },
    { remaining: 5, refill: { ...MONTHLY, day: 31 } },
    { remaining: 5, refill: { ...DAILY, day: null } },
  ])('may be %j', (value) => {
    expect(creditsProblem(value)).toBeNull();
  });

  it.each([
    5,
    null,
    [],
    {},
    { refill: DAILY },
    { remaining: 5, extra: 1 },
    ...[-1, 1.5, NaN, Infinity, 2 ** 53, '5', null].map((remaining) => ({ remaining })),
    ...[0, -1, 0.5, NaN, 2 ** 53, '5', null].map((amount) => ({
      remaining: 5,
      refill: { ...DAILY, amount },
    })),
    ...['weekly', '', null, 'Daily'].map((interval) => ({ remaining: 5, refill: { amount: 1, interval } })),
    ...[0, 32, 1.5, NaN, '1'].map((day) => ({ remaining: 5, refill: { ...MONTHLY, day } })),
    { remaining: 5, refill: { ...DAILY, day: 1 } },
    { remaining: 5, refill: [] },
    { remaining: 5, refill: { ...DAILY, hour: 3 } },
  ])('may not be %j', (value) => {
    expect(creditsProblem(value)).not.toBeNull();
  });

  it.each([
    [{ remaining: 5, extra: 1 }, 'nothing else'],
    [{ refill: DAILY }, 'a remaining from 0 to 9007199254740991'],
    [{ remaining: -1 }, 'a remaining from 0 to 9007199254740991'],
    [{ remaining: 5, refill: [] }, 'a refill of amount, interval'],
    [{ remaining: 5, refill: { ...DAILY, amount: 0 } }, 'an amount from 1 to 9007199254740991'],
    [{ remaining: 5, refill: { ...DAILY, interval: 'weekly' } }, 'daily or monthly'],
    [{ remaining: 5, refill: { ...DAILY, day: 1 } }, 'only when it is refilled monthly'],
    [{ remaining: 5, refill: { ...MONTHLY, day: 32 } }, 'a day from 1 to 31'],
  ])('are told what is wrong with %j', (value, reason) => {
    expect(creditsProblem(value)).toContain(reason);
  });

  it.each([{}, { remaining: 0 }, { refill: null }, { refill: DAILY }, { remaining: 5, refill: MONTHLY }])(
    'may change by %j',
    (value) => {
      expect(creditChangesProblem(value)).toBeNull();
    },
  );

  it.each([null, { remaining: null }, { remaining: -1 }, { refill: {} }, { remains: 5 }])(
    'may not change by %j',
    (value) => {
      expect(creditChangesProblem(value)).not.toBeNull();
    },
  );

  it('stay what they are in what a change leaves out', () => {
    expect(readCreditChanges({})).toStrictEqual({});
    expect(readCreditChanges({ remaining: 0 })).toStrictEqual({ remaining: 0 });
    expect(readCreditChanges({ refill: null })).toStrictEqual({ refill: null });
    expect(readCreditChanges({ refill: MONTHLY })).toStrictEqual({ refill: { ...MONTHLY, day: 1 } });
  });

  it('are refused with a reason', () => {
    expect(creditsOutOfRange()).toMatchObject({
      code: 'credits_out_of_range',
      detail: expect.stringContaining('between 0 and 9007199254740991'),
    });
    expect(noCredits()).toMatchObject({
      code: 'no_credits',
      detail: expect.stringContaining('give it some'),
    });
  });

  it('are refilled on the first of the month unless told otherwise', () => {
    expect(readCredits({ remaining: 5, refill: MONTHLY }).refill).toEqual({ ...MONTHLY, day: 1 });
    expect(readCredits({ remaining: 5, refill: DAILY }).refill).toEqual({ ...DAILY, day: null });
    expect(readCredits({ remaining: 5 })).toEqual({ remaining: 5, refill: null });
  });
});
