import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { limitSet, newOwner, type Owner } from '../../../../test/metering/limit-sets.js';
import { MemoryCreditStore } from '../../../../test/metering/memory-credit-store.js';
import { memoryMeter } from '../../../../test/metering/memory-meter.js';
import type { Metering } from '../domain/metering.js';
import type { Meter } from './meter.js';

let owner: Owner;
let store: MemoryCreditStore;
let meter: Meter;

beforeAll(() => {
  Logger.overrideLogger(false);
});

afterAll(() => {
  Logger.overrideLogger(['log', 'error', 'warn']);
});

beforeEach(() => {
  owner = newOwner();
  store = new MemoryCreditStore();
  meter = memoryMeter(store);
});

/** A key with a limit, and credits if it is said how many. */
function metered(limit: number, remaining?: number): Metering {
  const limits = limitSet(owner, [{ name: 'own', limit }]);
  if (remaining === undefined) return { limits, credits: null };
  store.balances.set(owner.keyId, remaining);
  return { limits, credits: { keyId: owner.keyId, applicationId: null, countedFor: owner } };
}

const NOTHING_LEFT_TO_TELL = { retryAfterSeconds: null, keyRemaining: null, applicationRemaining: null };

describe('The meter', () => {
  it('counts a verification at once where no credits are spent, and tells what is left', () => {
    const metering = metered(1);
    const rateLimits = [{ name: 'own', limit: 1, windowSeconds: 60, remaining: 0, resetSeconds: 60 }];
    expect(meter.check(metering, 1)).toEqual({
      code: 'VALID',
      usage: { ...NOTHING_LEFT_TO_TELL, rateLimits, unchecked: false },
      isCounted: false,
    });
    expect(meter.check(metering, 1)).toEqual({
      code: 'RATE_LIMITED',
      usage: { ...NOTHING_LEFT_TO_TELL, rateLimits, retryAfterSeconds: 60, unchecked: false },
      isCounted: false,
    });
  });

  it('spends credits, which is counted in the same transaction', async () => {
    const metering = metered(5, 10);
    expect(await meter.check(metering, 3)).toEqual({
      code: 'VALID',
      usage: {
        ...NOTHING_LEFT_TO_TELL,
        rateLimits: [expect.objectContaining({ remaining: 4 })],
        unchecked: false,
        keyRemaining: 7,
      },
      isCounted: true,
    });
    expect(store.runs).toEqual([[expect.objectContaining({ counted: [{ key: owner, times: 1 }] })]]);
  });

  it('spends nothing for what the limits refuse', async () => {
    const metering = metered(1, 10);
    await meter.check(metering, 1);
    expect(await meter.check(metering, 1)).toMatchObject({ code: 'RATE_LIMITED', isCounted: false });
    expect(store.balances.get(owner.keyId)).toBe(9);
  });

  it('takes what lacks credits back from the limits, and tells only of the credits', async () => {
    const metering = metered(1, 2);
    expect(await meter.check(metering, 3)).toEqual({
      code: 'USAGE_EXCEEDED',
      usage: {
        ...NOTHING_LEFT_TO_TELL,
        rateLimits: [],
        unchecked: false,
        keyRemaining: 2,
        retryAfterSeconds: 60,
      },
      isCounted: true,
    });
    expect(await meter.check(metering, 2)).toMatchObject({ code: 'VALID' });
    expect(await meter.check(metering, 0)).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('takes it back as well when nobody knows whether the credits are spent', async () => {
    const metering = metered(1, 2);
    store.failure = new Error('connection lost');
    await expect(meter.check(metering, 1)).rejects.toThrow('connection lost');
    store.failure = undefined;
    expect(await meter.check(metering, 1)).toMatchObject({ code: 'VALID' });
  });

  it('spends credits of keys without limits', async () => {
    const credits = metered(1, 5).credits;
    expect(await meter.check({ limits: null, credits }, 1)).toMatchObject({
      code: 'VALID',
      usage: { rateLimits: [], unchecked: false, keyRemaining: 4 },
    });
  });

  it('says that the limits were not checked where the operator lets such verifications pass', async () => {
    meter = memoryMeter(store, { onFailure: 'open', room: 0 });
    const usage = { rateLimits: [], unchecked: true };
    expect(meter.check(metered(1), 1)).toMatchObject({ code: 'VALID', usage });
    expect(await meter.check(metered(1, 5), 1)).toMatchObject({ code: 'VALID', usage });
    expect(await meter.check(metered(1, 5), 6)).toMatchObject({ code: 'USAGE_EXCEEDED' });
  });

  it('tells of a key what is left of its own limits, and takes nothing of them', async () => {
    const shared = limitSet(owner, [{ name: 'own', limit: 2 }], [{ name: 'shared', limit: 9 }]);
    for (let i = 0; i < 2; i += 1) {
      expect(await meter.peek({ limits: shared, credits: null })).toEqual([
        { name: 'own', limit: 2, windowSeconds: 60, remaining: 2, resetSeconds: 0 },
      ]);
    }
  });

  it('has nothing to tell of a key without limits of its own, and asks nobody', async () => {
    // There is no room to count anything, so that asking would fail.
    meter = memoryMeter(store, { room: 0 });
    expect(await meter.peek({ limits: null, credits: null })).toEqual([]);
    const limits = limitSet(owner, [], [{ name: 'shared', limit: 9 }]);
    expect(await meter.peek({ limits, credits: null })).toEqual([]);
  });
});
