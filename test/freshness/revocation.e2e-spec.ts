import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { accepting, TestCluster } from './support/test-cluster.js';

const LEASE_MS = 1000;
/** For what must not wait for a lease: so long that no machine is too busy to be done in half of it. */
const LONG_LEASE_MS = 60_000;
/** What a busy machine may add to the time that anything takes. */
const SLACK_MS = 20_000;

describe('A change that has been answered', () => {
  let cluster: TestCluster;

  beforeEach(async () => {
    cluster = await TestCluster.create(LEASE_MS);
  });

  afterEach(async () => {
    await cluster.destroy();
  });

  it('holds on every node, and is answered long before any lease runs out', async () => {
    const nodes = await cluster.start(3, { leaseMs: LONG_LEASE_MS });
    for (let round = 0; round < 30; round += 1) {
      const key = await cluster.cachedOn(nodes);
      const began = performance.now();
      await nodes[round % 3]!.disable(key);
      expect(performance.now() - began).toBeLessThan(LONG_LEASE_MS / 2);
      expect(await accepting(nodes, key)).toEqual([false, false, false]);
    }
  });

  it('holds for the keys of an application that is deleted, and for SQL by hand within a lease', async () => {
    const nodes = await cluster.start(2);
    const key = await cluster.cachedOn(nodes);
    await cluster.admin.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
    await eventually(async () => {
      expect(await accepting(nodes, key)).toEqual([false, false]);
    }, LEASE_MS);

    const another = await cluster.cachedOn(nodes);
    await cluster.admin.query('UPDATE api_keys SET metadata = $1 WHERE id = $2', [
      { note: 'no number for this one' },
      another,
    ]);
    await cluster.admin.query('UPDATE applications SET deleted_at = now() WHERE id = $1', [
      cluster.application,
    ]);
    await nodes[0]!.freshness.waitForPropagation(null);
    for (const node of nodes) expect(node.cache.recall(another)).toBeUndefined();
  });

  it('leaves the other keys cached', async () => {
    const [node] = await cluster.start(1);
    const [key, other] = [await cluster.cachedOn([node!]), await cluster.cachedOn([node!])];
    await node!.disable(key);
    const { queries } = node!;

    expect(await node!.accepts(other)).toBe(true);
    expect(node!.queries).toBe(queries);
  });

  it('waits for a node that has died until its lease has run out, and no longer', async () => {
    const leaseMs = 4000;
    const [node] = await cluster.start(1, { leaseMs });
    const { proxy, url } = await cluster.proxied();
    const dying = await cluster.start(1, { feedUrl: url, leaseMs });
    const key = await cluster.cachedOn([node!, ...dying]);
    await proxy.refuse();
    const began = performance.now();
    await node!.disable(key);
    const took = performance.now() - began;

    expect(await accepting([node!, ...dying], key)).toEqual([false, false]);
    expect(took).toBeGreaterThan(leaseMs / 4);
    expect(took).toBeLessThan(leaseMs + SLACK_MS);

    // Once its silence is known it is not waited for again.
    const again = performance.now();
    await node!.disable(await cluster.cachedOn([node!]));
    expect(performance.now() - again).toBeLessThan((leaseMs * 3) / 4);
  });

  it('holds on a node whose connection is silent: it answers nothing more once its lease has lapsed', async () => {
    const [node] = await cluster.start(1);
    const { proxy, url } = await cluster.proxied();
    const [silent] = await cluster.start(1, { feedUrl: url });
    const key = await cluster.cachedOn([node!, silent!]);
    proxy.hold();
    await node!.disable(key);

    expect(silent!.freshness.held()).toBe(false);
    expect(await silent!.accepts(key)).toBe(false);

    await proxy.restore();
    await eventually(() => {
      expect(silent!.freshness.held()).toBe(true);
    });
    expect(await silent!.accepts(key)).toBe(false);
  });

  it('holds while the answers of a node come later than its lease lasts', async () => {
    const [node] = await cluster.start(1);
    const { proxy, url } = await cluster.proxied();
    const [late] = await cluster.start(1, { feedUrl: url });
    for (const lateBy of [100, 600, 900, 1200]) {
      // Under answers that are nearly as late as the lease is long, a busy machine never gets one.
      await proxy.restore();
      const key = await cluster.cachedOn([node!, late!]);
      proxy.delayAnswers(lateBy);
      await node!.disable(key);
      expect({ lateBy, accepted: await late!.accepts(key) }).toEqual({ lateBy, accepted: false });
    }
  });

  it('holds although the listeners of all nodes are terminated in the middle of a burst', async () => {
    const nodes = await cluster.start(3);
    const keys = await Promise.all(Array.from({ length: 60 }, () => cluster.cachedOn(nodes)));
    const violations: string[] = [];
    const over = new AbortController();
    const ofListeners = `FROM pg_stat_activity
                          WHERE application_name = 'upblit freshness' AND datname = current_database()`;
    const killing = (async () => {
      while (!over.signal.aborted) {
        const { rows: killed } = await cluster.admin.query<{ pid: number }>(
          `SELECT pid, pg_terminate_backend(pid) ${ofListeners}`,
        );
        // As soon as there are new ones. Sooner, a busy machine would never have a lease.
        await eventually(async () => {
          const { rows } = await cluster.admin.query(
            `SELECT ${ofListeners} AND state = 'idle' AND pid <> ALL ($1)`,
            [killed.map(({ pid }) => pid)],
          );
          expect(rows).toHaveLength(nodes.length);
        });
      }
    })();
    await Promise.all(
      keys.map(async (key, index) => {
        await nodes[index % 3]!.disable(key);
        if ((await accepting(nodes, key)).includes(true)) violations.push(key);
      }),
    );
    over.abort();
    await killing;

    expect(violations).toEqual([]);
  });

  it('holds without any notification, and the log says once that there are none', async () => {
    const { proxy, url } = await cluster.proxied();
    proxy.swallowNotifications();
    const nodes = await cluster.start(3, { feedUrl: url });
    for (let round = 0; round < 5; round += 1) {
      const key = await cluster.cachedOn(nodes);
      const began = performance.now();
      await nodes[round % 3]!.disable(key);
      // By the renewals alone: four in a lease.
      expect(performance.now() - began).toBeLessThan(LEASE_MS / 4 + SLACK_MS);
      expect(await accepting(nodes, key)).toEqual([false, false, false]);
    }
    const [node] = nodes;
    await eventually(() => {
      expect(node!.warnings.filter((warning) => warning.includes('Notifications'))).toHaveLength(1);
    });
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(node!.warnings.filter((warning) => warning.includes('Notifications'))).toHaveLength(1);
  });

  it('is seen by a node whose part of the feed has been trimmed: it forgets its cache', async () => {
    const { proxy, url } = await cluster.proxied();
    const [away] = await cluster.start(1, { feedUrl: url });
    const [key, other] = [await cluster.cachedOn([away!]), await cluster.cachedOn([away!])];
    proxy.hold();
    await cluster.admin.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
    await cluster.admin.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [other]);
    await cluster.admin.query(
      'DELETE FROM key_changes WHERE number < (SELECT number FROM key_change_counter)',
    );
    await proxy.restore();
    await eventually(() => {
      expect(away!.cache.size.values).toBe(0);
    });
    expect(await away!.accepts(key)).toBe(false);
    expect(await away!.accepts(other)).toBe(true);
  });

  it('is seen by a node although the database was put back to an earlier state', async () => {
    const { proxy, url } = await cluster.proxied();
    const [node] = await cluster.start(1, { feedUrl: url });
    const key = await cluster.cachedOn([node!]);
    await cluster.admin.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [
      await cluster.insertKey(),
    ]);
    await eventually(async () => {
      const { rows } = await cluster.admin.query(
        'SELECT FROM freshness_renewals, key_change_counter WHERE applied = number',
      );
      expect(rows).toHaveLength(1);
    });
    proxy.hold();
    // As restored from before the last change; then the world goes on.
    await cluster.admin.query(`DELETE FROM key_changes WHERE number = (SELECT number FROM key_change_counter);
                       ALTER TABLE api_keys DISABLE TRIGGER USER;
                       UPDATE api_keys SET enabled = false WHERE id = '${key}';
                       ALTER TABLE api_keys ENABLE TRIGGER USER`);
    await proxy.restore();
    await eventually(async () => {
      expect(await node!.accepts(key)).toBe(false);
    });
  });

  it('is waited for by the call that repeats it, as by the first', async () => {
    const [node] = await cluster.start(1);
    const { proxy, url } = await cluster.proxied();
    const [silent] = await cluster.start(1, { feedUrl: url });
    const key = await cluster.cachedOn([node!, silent!]);
    proxy.hold();
    const first = node!.disable(key);
    await eventually(async () => {
      const { rows } = await cluster.admin.query('SELECT enabled FROM api_keys WHERE id = $1', [key]);
      expect(rows).toEqual([{ enabled: false }]);
    });
    await node!.freshness.waitForPropagation(null);

    expect(await silent!.accepts(key)).toBe(false);
    await first;
  });

  it('takes back enabling and importing too: a node that knew better before does not say so afterwards', async () => {
    const nodes = await cluster.start(2);
    const key = await cluster.cachedOn(nodes);
    await nodes[0]!.disable(key);
    expect(await accepting(nodes, key)).toEqual([false, false]);
    await nodes[1]!.pool.query('UPDATE api_keys SET enabled = true WHERE id = $1', [key]);
    await nodes[1]!.freshness.waitForPropagation(null);
    expect(await accepting(nodes, key)).toEqual([true, true]);
  });
});
