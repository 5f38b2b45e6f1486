import { describe, expect, it } from '@jest/globals';
import { MemoryRateLimitStore } from '../../src/modules/metering/infrastructure/memory-rate-limit-store.js';
import type { LimitSet } from '../../src/modules/metering/domain/rate-limit.js';
import { limitSet, newOwner } from './limit-sets.js';
import { describeRateLimitStore, TestMicros } from './rate-limit-store-contract.js';

const monotonicMicros = (): number => performance.now() * 1000;

describeRateLimitStore('memory', (clock) => new MemoryRateLimitStore(clock ?? monotonicMicros, 1000), {
  numRuns: 300,
});

describe('the memory of rate limits', () => {
  it('never forgets a limit that still counts to make room, and refuses to count what does not fit', async () => {
    const clock = new TestMicros();
    const store = new MemoryRateLimitStore(() => clock.now, 10);
    const sets = Array.from({ length: 11 }, () => limitSet(newOwner(), [{ limit: 1, windowSeconds: 10 }]));
    for (const set of sets.slice(0, 10)) await store.take([{ set, times: 1 }]);
    await expect(store.take([{ set: sets[10]!, times: 1 }])).rejects.toThrow('10');
    for (const set of sets.slice(0, 10)) {
      expect((await store.take([{ set, times: 1 }]))[0]?.granted).toBe(0);
    }
  });

  it('has room for an application when another one has taken all of it, and for that one no more', async () => {
    const store = new MemoryRateLimitStore(() => 0, 100);
    const greedy = newOwner();
    const setOf = (owner: typeof greedy, key: number): LimitSet => {
      return limitSet({ ...owner, keyId: `${owner.keyId} ${key}` }, [{ limit: 1, windowSeconds: 10 }]);
    };
    const take = async (set: LimitSet): Promise<number | undefined> =>
      (await store.take([{ set, times: 1 }]))[0]?.granted;
    for (let key = 0; key < 100; key++) await take(setOf(greedy, key));
    await expect(take(setOf(greedy, 100))).rejects.toThrow('100');
    const victim = newOwner();
    for (let key = 0; key < 20; key++) expect(await take(setOf(victim, key))).toBe(1);
    for (let key = 200; key < 300; key++) await take(setOf(greedy, key)).catch(() => undefined);
    for (let key = 0; key < 20; key++) expect(await take(setOf(victim, key))).toBe(0);
  });

  it('has room again once windows have passed', async () => {
    const clock = new TestMicros();
    const store = new MemoryRateLimitStore(() => clock.now, 10);
    for (let round = 0; round < 100; round++) {
      for (let i = 0; i < 5; i++) {
        const set = limitSet(newOwner(), [{ limit: 1, windowSeconds: 1 }]);
        expect((await store.take([{ set, times: 1 }]))[0]?.granted).toBe(1);
      }
      clock.now += 1_000_000;
    }
  });

  it('does not lose a limit of a set while it makes room for the next one of it', async () => {
    const clock = new TestMicros();
    const store = new MemoryRateLimitStore(() => clock.now, 10);
    const owner = newOwner();
    const limits = [1, 2, 3, 4, 5].map(() => ({ limit: 1, windowSeconds: 1 }));
    await store.take([{ set: limitSet(owner, limits.slice(0, 1)), times: 1 }]);
    clock.now += 1_000_000;
    expect((await store.take([{ set: limitSet(owner, limits), times: 1 }]))[0]?.granted).toBe(1);
    expect((await store.take([{ set: limitSet(owner, limits.slice(0, 1)), times: 1 }]))[0]?.granted).toBe(0);
  });
});
