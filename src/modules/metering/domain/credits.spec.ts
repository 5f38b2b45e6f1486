import { describe, expect, it } from '@jest/globals';
import { creditsProblem, readCredits } from './credits.js';

const DAILY = { amount: 10, interval: 'daily' };
const MONTHLY = { amount: 10, interval: 'monthly' };

describe('credits', () => {
  it.each([
    { remaining: 0 },
    { remaining: Number.MAX_SAFE_INTEGER },
    { remaining: 5, refill: null },
    { remaining: 5, refill: DAILY },
    { remaining: 5, refill: MONTHLY },
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

  it('are refilled on the first of the month unless told otherwise', () => {
    expect(readCredits({ remaining: 5, refill: MONTHLY }).refill).toEqual({ ...MONTHLY, day: 1 });
    expect(readCredits({ remaining: 5, refill: DAILY }).refill).toEqual({ ...DAILY, day: null });
    expect(readCredits({ remaining: 5 })).toEqual({ remaining: 5, refill: null });
  });
});
