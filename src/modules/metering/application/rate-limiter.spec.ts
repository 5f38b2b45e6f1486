import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limitSet, newOwner } from '../../../../test/metering/limit-sets.js';
import { TestMicros } from '../../../../test/metering/rate-limit-store-contract.js';
import { MemoryRateLimitStore } from '../infrastructure/memory-rate-limit-store.js';
import { RateLimitStore, type RateLimitRun, type RunOutcome } from '../domain/rate-limit-store.js';
import { RateLimiter, type RateLimitAnswer } from './rate-limiter.js';

const CLOSED = { onFailure: 'closed', timeoutMs: 50 } as const;
const OPEN = { onFailure: 'open', timeoutMs: 50 } as const;

/** A store that counts, until the test takes it away or makes it silent. */
class BreakableStore extends RateLimitStore {
  state: 'there' | 'away' | 'silent' = 'there';
  readonly trips: (readonly RateLimitRun[])[] = [];
  private readonly store: MemoryRateLimitStore;

  constructor(readonly clock = new TestMicros()) {
    super();
    this.store = new MemoryRateLimitStore(() => clock.now, 1000);
  }

  async take(runs: readonly RateLimitRun[]): Promise<RunOutcome[]> {
    await this.reach();
    this.trips.push(runs);
    return this.store.take(runs);
  }

  async refund(...args: Parameters<RateLimitStore['refund']>): Promise<void> {
    await this.reach();
    await this.store.refund(...args);
  }

  private reach(): Promise<void> {
    if (this.state === 'away') return Promise.reject(new Error('connection refused'));
    return this.state === 'silent' ? new Promise(() => undefined) : Promise.resolve();
  }
}

let log: string[] = [];

beforeAll(() => {
  const note = (message: string): void => void log.push(message);
  Logger.overrideLogger({ log: note, error: note, warn: note });
});

afterAll(() => {
  Logger.overrideLogger(['log', 'error', 'warn']);
  jest.useRealTimers();
});

function passed(answers: readonly RateLimitAnswer[]): number {
  return answers.filter(({ state }) => state === 'passed').length;
}

describe('the rate limiter', () => {
  it('never says that more is free only after the window, whatever fractions the clock has', async () => {
    const clock = new TestMicros();
    const limiter = new RateLimiter(new BreakableStore(clock), CLOSED);
    for (let i = 0; i < 200; i++) {
      clock.now = ((i + 1) * 1e6) / 7;
      const set = limitSet(newOwner(), [{ limit: 1, windowSeconds: 60 }]);
      const [first, second] = [await limiter.check(set), await limiter.check(set)];
      expect(first).toMatchObject({ state: 'passed', reports: [{ resetSeconds: 60 }] });
      expect(second).toMatchObject({
        state: 'limited',
        retryAfterSeconds: 60,
        reports: [{ resetSeconds: 60 }],
      });
    }
  });

  it('lets through as many as the limit says, however they are joined', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    const set = limitSet(newOwner(), [{ limit: 10 }]);
    const answers = await Promise.all(Array.from({ length: 100 }, async () => limiter.check(set)));
    expect(passed(answers)).toBe(10);
    expect(answers.slice(0, 10).every(({ state }) => state === 'passed')).toBe(true);
    expect(store.trips.length).toBeLessThanOrEqual(2);
  });

  it('joins what is checked against equal limits, and not what is not', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    const owner = newOwner();
    const sets = [{ limit: 5 }, { limit: 5 }, { limit: 6 }, { limit: 5 }].map((limit) =>
      limitSet(owner, [limit]),
    );
    await Promise.all(sets.map(async (set) => limiter.check(set)));
    expect(store.trips[0]?.map(({ times }) => times)).toEqual([2, 1, 1]);
  });

  it.each([
    ['name', { name: 'other' }],
    ['limit', { limit: 6 }],
    ['window', { windowSeconds: 61 }],
    ['cost', { cost: 2 }],
  ])('does not join what differs in the %s of a limit', async (_, difference) => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    const owner = newOwner();
    const limit = { name: 'one', limit: 5, windowSeconds: 60, cost: 1 };
    const sets = [limit, { ...limit, ...difference }, limit].map((each) => limitSet(owner, [each]));
    await Promise.all(sets.map(async (set) => limiter.check(set)));
    expect(store.trips[0]?.map(({ times }) => times)).toEqual([1, 1, 1]);
  });

  it('does not join keys that share a limit, nor what has another number of limits', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    const [one, two] = [newOwner('application'), newOwner('application')];
    const shared = [{ limit: 9 }];
    const sets = [
      limitSet(one, [], shared),
      limitSet(two, [{ limit: 5 }], shared),
      limitSet(one, [{ limit: 5 }], shared),
      limitSet(one, [], shared),
    ];
    await Promise.all(sets.map(async (set) => limiter.check(set)));
    expect(store.trips[0]?.map(({ times }) => times)).toEqual([1, 1, 1, 1]);
  });

  it('makes those wait for each other that share a limit, and nobody else', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    store.state = 'silent';
    const shared = [newOwner('application'), newOwner('application')].map((owner) =>
      limitSet(owner, [{ limit: 5 }], [{ limit: 9 }]),
    );
    const own = [newOwner('application'), newOwner('application')].map((owner) =>
      limitSet(owner, [{ limit: 5 }]),
    );
    const answers: Promise<RateLimitAnswer>[] = [];
    for (const set of [...shared, ...own]) {
      answers.push(Promise.resolve(limiter.check(set)));
      await nextTurn();
    }
    expect(limiter.waiting).toEqual({ checks: 1, refunds: 0 });
    await Promise.allSettled(answers);
  });

  it('counts at once in a store of this process, what passes and what does not', () => {
    const limiter = new RateLimiter(new MemoryRateLimitStore(() => 0, 1), CLOSED);
    const set = limitSet(newOwner(), [{ limit: 1 }]);
    expect(limiter.check(set)).toMatchObject({ state: 'passed', reports: [{ remaining: 0 }] });
    expect(limiter.check(set)).toMatchObject({ state: 'limited', retryAfterSeconds: 60 });
    expect(limiter.counts).toEqual({ passed: 1, limited: 1, unchecked: 0, failed: 0 });
    log = [];
    const another = limitSet(newOwner(), [{ limit: 1 }]);
    for (let i = 0; i < 2; i++) {
      expect(() => limiter.check(another)).toThrow(expect.objectContaining({ code: 'service_unavailable' }));
    }
    expect(limiter.counts).toMatchObject({ passed: 1, failed: 2 });
    expect(limiter.check(set)).toMatchObject({ state: 'limited' });
    expect(log).toEqual([
      expect.stringMatching(/^the store of the rate limits is away \(.+\): .+ are answered 503$/),
      'the store of the rate limits is back',
    ]);
  });

  it('tells what is left without taking any of it', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, OPEN);
    const set = limitSet(newOwner(), [{ name: 'one', limit: 3 }]);
    await limiter.check(set);
    const left = [{ name: 'one', limit: 3, windowSeconds: 60, remaining: 2, resetSeconds: 60 }];
    expect(await limiter.peek(set)).toEqual(left);
    expect(await limiter.peek(set)).toEqual(left);
    expect(limiter.counts).toMatchObject({ passed: 1, limited: 0 });
    log = [];
    for (const state of ['away', 'silent'] as const) {
      store.state = state;
      await expect(limiter.peek(set)).rejects.toMatchObject({
        code: 'service_unavailable',
        details: { retryAfter: 1 },
      });
    }
    expect(log).toEqual([
      'the store of the rate limits is away (connection refused): verifications under limits pass unchecked',
    ]);
  });

  it('does not fail a verification that could not be taken back, which stays counted', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    const set = limitSet(newOwner(), [{ limit: 1 }]);
    const answer = await limiter.check(set);
    log = [];
    for (const state of ['away', 'silent'] as const) {
      store.state = state;
      if (answer.state === 'passed') await answer.refund();
    }
    expect(log).toHaveLength(1);
    store.state = 'there';
    expect((await limiter.check(set)).state).toBe('limited');
  });

  it('takes back as many at a time as its store bears, each without waiting for the others', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    const set = limitSet(newOwner(), [{ limit: 9 }]);
    const answers = await Promise.all(Array.from({ length: 6 }, async () => limiter.check(set)));
    store.state = 'silent';
    const refunds = answers.map(async (answer) => {
      if (answer.state === 'passed') await answer.refund();
    });
    await nextTurn();
    expect(limiter.waiting).toEqual({ checks: 0, refunds: 6 - store.maxConcurrency.refunds });
    await Promise.all(refunds);
  });

  it('tells what is left of each limit, and when more is free', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    const set = limitSet(
      newOwner(),
      [{ name: 'burst', limit: 2, windowSeconds: 5 }],
      [{ name: 'burst', limit: 9, cost: 2 }],
    );
    expect(await limiter.check(set)).toMatchObject({
      state: 'passed',
      reports: [
        { name: 'burst', limit: 2, windowSeconds: 5, remaining: 1, resetSeconds: 5 },
        { name: 'application:burst', limit: 9, windowSeconds: 60, remaining: 7, resetSeconds: 60 },
      ],
    });
    store.clock.now += 1_500_000;
    await limiter.check(set);
    expect(await limiter.check(set)).toMatchObject({
      state: 'limited',
      retryAfterSeconds: 4,
      reports: [
        { remaining: 0, resetSeconds: 4 },
        { remaining: 5, resetSeconds: 59 },
      ],
    });
  });

  it('names the time after which all limits let the next one pass', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, CLOSED);
    const set = limitSet(newOwner(), [{ limit: 3, windowSeconds: 2 }], [{ limit: 4, windowSeconds: 7 }]);
    for (let i = 0; i < 200; i++) {
      const answer = await limiter.check(set);
      if (answer.state !== 'limited') {
        store.clock.now += 300_000;
        continue;
      }
      store.clock.now += (answer.retryAfterSeconds - 1) * 1_000_000 - 1;
      expect((await limiter.check(set)).state).toBe('limited');
      store.clock.now += 1_000_001;
      expect((await limiter.check(set)).state).toBe('passed');
    }
  });

  it('refunds what was refused after all', async () => {
    const limiter = new RateLimiter(new BreakableStore(), CLOSED);
    const set = limitSet(newOwner(), [{ limit: 1 }]);
    const answer = await limiter.check(set);
    if (answer.state === 'passed') await answer.refund();
    expect((await limiter.check(set)).state).toBe('passed');
    expect((await limiter.check(set)).state).toBe('limited');
  });

  it('does not take its store for away because this process was busy while the answer came', async () => {
    const store = new BreakableStore();
    // Comes from another thread, as from a socket, while this one is busy.
    const arriving = new (class extends RateLimitStore {
      async take(runs: readonly RateLimitRun[]): Promise<RunOutcome[]> {
        await new Promise((resolve) => {
          randomBytes(16, resolve);
        });
        return store.take(runs);
      }
      refund(): Promise<void> {
        return Promise.resolve();
      }
    })();
    const limiter = new RateLimiter(arriving, OPEN);
    const answer = limiter.check(limitSet(newOwner(), [{ limit: 1 }]));
    await nextTurn();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10 * OPEN.timeoutMs);
    expect((await answer).state).toBe('passed');
  });

  it.each(['away', 'silent'] as const)(
    'passes unchecked, and counts it, while its store is %s',
    async (state) => {
      const store = new BreakableStore();
      const limiter = new RateLimiter(store, OPEN);
      const set = limitSet(newOwner(), [{ limit: 1 }]);
      store.state = state;
      expect(await limiter.check(set)).toEqual({ state: 'unchecked' });
      expect(await limiter.check(set)).toEqual({ state: 'unchecked' });
      expect(limiter.counts.unchecked).toBe(2);
      store.state = 'there';
      expect((await limiter.check(set)).state).toBe('passed');
    },
  );

  it.each(['away', 'silent'] as const)(
    'says that it cannot know, if so wanted, while its store is %s',
    async (state) => {
      const store = new BreakableStore();
      const limiter = new RateLimiter(store, CLOSED);
      store.state = state;
      await expect(limiter.check(limitSet(newOwner(), [{ limit: 1 }]))).rejects.toMatchObject({
        code: 'service_unavailable',
        details: { retryAfter: 1 },
      });
      expect(limiter.counts).toEqual({ passed: 0, limited: 0, unchecked: 0, failed: 1 });
    },
  );

  it('says once in the log that an outage began, and once that it ended', async () => {
    const store = new BreakableStore();
    const limiter = new RateLimiter(store, OPEN);
    const set = limitSet(newOwner(), [{ limit: 1 }]);
    log = [];
    for (const state of ['away', 'there', 'away'] as const) {
      store.state = state;
      for (let i = 0; i < 3; i++) await limiter.check(set);
    }
    expect(log.map((line) => /is (away|back)/.exec(line)?.[1])).toEqual(['away', 'back', 'away']);
  });
});
