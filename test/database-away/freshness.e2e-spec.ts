import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestCluster } from '../freshness/support/test-cluster.js';

const LEASE_MS = 1000;
/** What a busy machine may add to the time that anything takes. */
const SLACK_MS = 20_000;

describe('A change, when the database is away,', () => {
  let cluster: TestCluster;

  beforeEach(async () => {
    cluster = await TestCluster.create(LEASE_MS);
  });

  afterEach(async () => {
    await cluster.destroy();
  });

  it('is not promised when the database is gone before anybody could look', async () => {
    const { proxy, url } = await cluster.proxied();
    const [node] = await cluster.start(1, { url });
    await proxy.refuse();

    await expect(node!.freshness.waitForPropagation(null)).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 1 },
    });
  });

  it('is promised at the end of the leases, although the database went away while it was waited for', async () => {
    const [database, feed] = [await cluster.proxied(), await cluster.proxied()];
    const [node] = await cluster.start(1, { url: database.url });
    const [silent] = await cluster.start(1, { feedUrl: feed.url });
    const key = await cluster.cachedOn([node!, silent!]);
    feed.proxy.hold();
    const began = performance.now();
    const answered = node!.disable(key);
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 4));
    await database.proxy.refuse();
    await answered;

    expect(performance.now() - began).toBeLessThan(LEASE_MS + SLACK_MS);
    expect(silent!.freshness.held()).toBe(false);
    expect(await silent!.accepts(key)).toBe(false);
  });

  it('is not promised while every connection of the pool is taken, but keys are verified from memory', async () => {
    const [node] = await cluster.start(1, { poolSize: 2, poolWaitMs: 500 });
    const key = await cluster.cachedOn([node!]);
    const taken = [await node!.pool.connect(), await node!.pool.connect()];
    await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
    expect(node!.freshness.held()).toBe(true);
    expect(await node!.accepts(key)).toBe(true);
    await expect(node!.freshness.waitForPropagation(null)).rejects.toMatchObject({
      code: 'service_unavailable',
    });
    for (const client of taken) client.release();
    await node!.freshness.waitForPropagation(null);
  });

  it('may be missed for as long as the operator allows, while the database is away, and no longer', async () => {
    const { proxy, url } = await cluster.proxied();
    const staleMs = 1500;
    const [node] = await cluster.start(1, { feedUrl: url, staleMs });
    const [strict] = await cluster.start(1, { feedUrl: url });
    expect(node!.freshness.state()).toBe('fresh');
    const began = performance.now();
    await proxy.refuse();
    await eventually(() => {
      expect(node!.freshness.state()).toBe('stale');
    }, LEASE_MS + SLACK_MS);
    await eventually(() => {
      expect(strict!.freshness.state()).toBe('lapsed');
    }, SLACK_MS);
    await eventually(() => {
      expect(node!.freshness.state()).toBe('lapsed');
    }, staleMs + SLACK_MS);
    expect(performance.now() - began).toBeGreaterThan(staleMs + LEASE_MS / 2);
    await proxy.restore();
    await eventually(() => {
      expect(node!.freshness.state()).toBe('fresh');
    });
  });
});
