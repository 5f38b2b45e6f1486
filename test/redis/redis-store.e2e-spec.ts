import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { RateLimiter } from '../../src/modules/metering/application/rate-limiter.js';
import { RedisRateLimitStore } from '../../src/modules/metering/infrastructure/redis-rate-limit-store.js';
import { limitSet, newOwner } from '../metering/limit-sets.js';
import { describeRateLimitStore } from '../metering/rate-limit-store-contract.js';
import { eventually } from '../support/eventually.js';
import { RedisServer } from './redis-server.js';

Logger.overrideLogger(false);

let server: RedisServer;
const stores: RedisRateLimitStore[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
  // Two connections take turns in the tests, as two nodes would.
  for (let i = 0; i < 2; i++) await newStore();
});

afterAll(async () => {
  for (const store of stores) store.onApplicationShutdown();
  await server.stop();
});

async function newStore(clock?: () => number): Promise<RedisRateLimitStore> {
  const store = new RedisRateLimitStore({ url: server.url, timeoutMs: 250 }, clock);
  stores.push(store);
  await store.onApplicationBootstrap();
  return store;
}

/** Stores are made without waiting in the contract: this one connects at its first use. */
class ConnectingStore extends RedisRateLimitStore {
  private connected: Promise<void> | undefined;

  override async take(...args: Parameters<RedisRateLimitStore['take']>) {
    await (this.connected ??= this.onApplicationBootstrap());
    return super.take(...args);
  }
}

describeRateLimitStore(
  'Redis',
  (clock) => {
    const store = new ConnectingStore({ url: server.url, timeoutMs: 2000 }, clock);
    stores.push(store);
    return store;
  },
  { numRuns: 100 },
);

describe('Redis as the store of rate limits', () => {
  it('counts for all nodes together', async () => {
    const set = limitSet(newOwner(), [{ limit: 10 }], [{ limit: 15 }]);
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, i) => stores[i % 2]!.take([{ set, times: 1 }])),
    );
    expect(outcomes.flat().reduce((total, { granted }) => total + granted, 0)).toBe(10);
  });

  it('lets verifications pass unchecked while it is away, at once, and counts again when it is back', async () => {
    const store = await newStore();
    const limiter = new RateLimiter(store, { onFailure: 'open', timeoutMs: 250 });
    const set = limitSet(newOwner(), [{ limit: 1 }]);
    expect((await limiter.check(set)).state).toBe('passed');
    await server.kill();
    const before = performance.now();
    for (let i = 0; i < 20; i++) expect((await limiter.check(set)).state).toBe('unchecked');
    expect(performance.now() - before).toBeLessThan(2000);
    await server.restart();
    await eventually(async () => {
      expect((await limiter.check(set)).state).not.toBe('unchecked');
    });
    expect((await limiter.check(set)).state).toBe('limited');
  });

  it('is given up within the time-out when it takes requests and answers none', async () => {
    const store = await newStore();
    const limiter = new RateLimiter(store, { onFailure: 'closed', timeoutMs: 250 });
    const set = limitSet(newOwner(), [{ limit: 100 }]);
    await limiter.check(set);
    server.freeze();
    try {
      const before = performance.now();
      await expect(limiter.check(set)).rejects.toMatchObject({ code: 'service_unavailable' });
      expect(performance.now() - before).toBeLessThan(1500);
    } finally {
      server.unfreeze();
    }
    await eventually(async () => {
      expect((await limiter.check(set)).state).toBe('passed');
    });
  });
});
