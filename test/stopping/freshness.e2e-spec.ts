import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestCluster } from '../freshness/support/test-cluster.js';

const LEASE_MS = 2000;

describe('A node that has stopped', () => {
  let cluster: TestCluster;

  beforeEach(async () => {
    cluster = await TestCluster.create(LEASE_MS);
  });

  afterEach(async () => {
    await cluster.destroy();
  });

  it('asks the database nothing any more, although somebody still waited for a change to hold', async () => {
    const { proxy, url } = await cluster.proxied();
    const [node] = await cluster.start(1);
    const [silent] = await cluster.start(1, { feedUrl: url });
    const key = await cluster.cachedOn([node!, silent!]);
    proxy.hold();
    const before = node!.statements;
    const waiting = node!.disable(key);
    await eventually(() => {
      // The change, a look at the nodes, and another look.
      expect(node!.statements).toBeGreaterThanOrEqual(before + 3);
    });
    await node!.freshness.stop();
    const { statements } = node!;
    await new Promise((resolve) => setTimeout(resolve, 200));

    expect(node!.statements).toBe(statements);
    await proxy.restore();
    await waiting;
  });

  it('is waited for by nobody', async () => {
    const leaseMs = 60_000;
    const [node, other] = await cluster.start(2, { leaseMs });
    const key = await cluster.cachedOn([node!, other!]);
    await other!.freshness.stop();
    const began = performance.now();
    await node!.disable(key);

    expect(performance.now() - began).toBeLessThan(leaseMs / 2);
    expect(await other!.accepts(key)).toBe(false);
  });
});
