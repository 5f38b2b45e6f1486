import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { Proxy } from './support/proxy.js';
import { insertApplication, insertKey } from './support/rows.js';
import { TestNode, type TestNodeOptions } from './support/test-node.js';

const LEASE_MS = 1000;
/** What a busy machine may add to the time that anything takes. */
const SLACK_MS = 700;

describe('A change that has been answered', () => {
  let database: TestDatabase;
  let admin: Pool;
  let application: string;
  let nodes: TestNode[];
  let proxies: Proxy[];

  beforeEach(async () => {
    database = await createTestDatabase();
    admin = new Pool({ connectionString: database.url, max: 3 });
    admin.on('error', () => undefined);
    application = await insertApplication(admin);
    nodes = [];
    proxies = [];
  });

  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await admin.end();
    await database.drop();
  });

  it('holds on every node, and is answered long before any lease runs out', async () => {
    const cluster = await start(3);
    for (let round = 0; round < 30; round += 1) {
      const key = await cachedEverywhere(cluster);
      const began = performance.now();
      await cluster[round % 3]!.disable(key);
      expect(performance.now() - began).toBeLessThan(LEASE_MS / 2);
      expect(await accepting(cluster, key)).toEqual([false, false, false]);
    }
  });

  it('holds for the keys of an application that is deleted, and for SQL by hand within a lease', async () => {
    const cluster = await start(2);
    const key = await cachedEverywhere(cluster);
    await admin.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
    await eventually(async () => {
      expect(await accepting(cluster, key)).toEqual([false, false]);
    }, LEASE_MS);

    const another = await cachedEverywhere(cluster);
    await admin.query('UPDATE api_keys SET metadata = $1 WHERE id = $2', [
      { note: 'no number for this one' },
      another,
    ]);
    await admin.query('UPDATE applications SET deleted_at = now() WHERE id = $1', [application]);
    await cluster[0]!.freshness.settle();
    for (const node of cluster) expect(node.cache.recall(another)).toBeUndefined();
  });

  it('leaves the other keys cached', async () => {
    const [node] = await start(1);
    const [key, other] = [await cachedEverywhere([node!]), await cachedEverywhere([node!])];
    await node!.disable(key);
    const { queries } = node!;

    expect(await node!.accepts(other)).toBe(true);
    expect(node!.queries).toBe(queries);
  });

  it('waits for a node that has died until its lease has run out, and no longer', async () => {
    const [node] = await start(1);
    const proxy = await proxied();
    const dying = await start(1, { feedUrl: proxy.url });
    const key = await cachedEverywhere([node!, ...dying]);
    proxy.cut();
    const began = performance.now();
    await node!.disable(key);
    const took = performance.now() - began;

    expect(await accepting([node!, ...dying], key)).toEqual([false, false]);
    expect(took).toBeGreaterThan(LEASE_MS / 4);
    expect(took).toBeLessThan(LEASE_MS + SLACK_MS);

    // Once its silence is known it is not waited for again.
    const again = performance.now();
    await node!.disable(await cachedEverywhere([node!]));
    expect(performance.now() - again).toBeLessThan(LEASE_MS / 2);
  });

  it('holds on a node whose line is silent: it asks the database once its lease has lapsed', async () => {
    const [node] = await start(1);
    const proxy = await proxied();
    const [silent] = await start(1, { feedUrl: proxy.url });
    const key = await cachedEverywhere([node!, silent!]);
    proxy.silence();
    await node!.disable(key);

    expect(silent!.freshness.held()).toBe(false);
    expect(await silent!.accepts(key)).toBe(false);

    proxy.speak();
    await eventually(() => {
      expect(silent!.freshness.held()).toBe(true);
    });
    expect(await silent!.accepts(key)).toBe(false);
  });

  it('holds while the answers of a node come later than its lease lasts', async () => {
    const [node] = await start(1);
    const proxy = await proxied();
    const [late] = await start(1, { feedUrl: proxy.url });
    for (const lateBy of [100, 600, 900, 1200]) {
      const key = await cachedEverywhere([node!, late!]);
      proxy.lateBy = lateBy;
      await node!.disable(key);
      expect({ lateBy, accepted: await late!.accepts(key) }).toEqual({ lateBy, accepted: false });
    }
  });

  it('holds although the listeners of all nodes are terminated in the middle of a burst', async () => {
    const cluster = await start(3);
    const keys = await Promise.all(Array.from({ length: 60 }, () => cachedEverywhere(cluster)));
    const violations: string[] = [];
    const over = new AbortController();
    const killing = (async () => {
      while (!over.signal.aborted) {
        await admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'upblit freshness' AND datname = current_database()`,
        );
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    await Promise.all(
      keys.map(async (key, index) => {
        await cluster[index % 3]!.disable(key);
        if ((await accepting(cluster, key)).includes(true)) violations.push(key);
      }),
    );
    over.abort();
    await killing;

    expect(violations).toEqual([]);
  });

  it('holds without any notification, and the log says once that there are none', async () => {
    const proxy = await proxied();
    proxy.dropsNotifications = true;
    const cluster = await start(3, { feedUrl: proxy.url });
    for (let round = 0; round < 5; round += 1) {
      const key = await cachedEverywhere(cluster);
      const began = performance.now();
      await cluster[round % 3]!.disable(key);
      // By the renewals alone: four in a lease.
      expect(performance.now() - began).toBeLessThan(LEASE_MS / 4 + SLACK_MS);
      expect(await accepting(cluster, key)).toEqual([false, false, false]);
    }
    const [node] = cluster;
    await eventually(() => {
      expect(node!.warnings.filter((warning) => warning.includes('Notifications'))).toHaveLength(1);
    });
    proxy.reset();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(node!.warnings.filter((warning) => warning.includes('Notifications'))).toHaveLength(1);
  });

  it('is seen by a node whose part of the feed has been trimmed: it forgets its cache', async () => {
    const proxy = await proxied();
    const [away] = await start(1, { feedUrl: proxy.url });
    const [key, other] = [await cachedEverywhere([away!]), await cachedEverywhere([away!])];
    proxy.silence();
    await admin.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
    await admin.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [other]);
    await admin.query('DELETE FROM key_changes WHERE number < (SELECT number FROM key_change_counter)');
    proxy.speak();
    await eventually(() => {
      expect(away!.cache.size.values).toBe(0);
    });
    expect(await away!.accepts(key)).toBe(false);
    expect(await away!.accepts(other)).toBe(true);
  });

  it('is seen by a node although the database was put back to an earlier state', async () => {
    const proxy = await proxied();
    const [node] = await start(1, { feedUrl: proxy.url });
    const key = await cachedEverywhere([node!]);
    await admin.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [
      await insertKey(admin, application),
    ]);
    await eventually(async () => {
      const { rows } = await admin.query(
        'SELECT FROM freshness_nodes, key_change_counter WHERE applied = number',
      );
      expect(rows).toHaveLength(1);
    });
    proxy.silence();
    // As restored from before the last change; then the world goes on.
    await admin.query(`DELETE FROM key_changes WHERE number = (SELECT number FROM key_change_counter);
                       UPDATE key_change_counter SET number = (SELECT max(number) FROM key_changes);
                       ALTER TABLE api_keys DISABLE TRIGGER USER;
                       UPDATE api_keys SET enabled = false WHERE id = '${key}';
                       ALTER TABLE api_keys ENABLE TRIGGER USER`);
    proxy.speak();
    await eventually(async () => {
      expect(await node!.accepts(key)).toBe(false);
    });
  });

  it('is waited for by the call that repeats it, as by the first', async () => {
    const [node] = await start(1);
    const proxy = await proxied();
    const [silent] = await start(1, { feedUrl: proxy.url });
    const key = await cachedEverywhere([node!, silent!]);
    proxy.silence();
    const first = node!.disable(key);
    await eventually(async () => {
      const { rows } = await admin.query('SELECT enabled FROM api_keys WHERE id = $1', [key]);
      expect(rows).toEqual([{ enabled: false }]);
    });
    await node!.freshness.settle();

    expect(await silent!.accepts(key)).toBe(false);
    await first;
  });

  it('is not promised when the database is gone before anybody could look', async () => {
    const proxy = await proxied();
    const [node] = await start(1, { url: proxy.url });
    proxy.cut();

    await expect(node!.freshness.settle()).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 1 },
    });
  });

  it('is promised at the end of the leases, although the database went away while it was waited for', async () => {
    const [toDatabase, toFeed] = [await proxied(), await proxied()];
    const [node] = await start(1, { url: toDatabase.url });
    const [silent] = await start(1, { feedUrl: toFeed.url });
    const key = await cachedEverywhere([node!, silent!]);
    toFeed.silence();
    const began = performance.now();
    const answered = node!.disable(key);
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 4));
    toDatabase.cut();
    await answered;

    expect(performance.now() - began).toBeLessThan(LEASE_MS + SLACK_MS);
    expect(silent!.freshness.held()).toBe(false);
    expect(await silent!.accepts(key)).toBe(false);
  });

  it('takes back enabling and importing too: a node that knew better before does not say so afterwards', async () => {
    const cluster = await start(2);
    const key = await cachedEverywhere(cluster);
    await cluster[0]!.disable(key);
    expect(await accepting(cluster, key)).toEqual([false, false]);
    await cluster[1]!.pool.query('UPDATE api_keys SET enabled = true WHERE id = $1', [key]);
    await cluster[1]!.freshness.settle();
    expect(await accepting(cluster, key)).toEqual([true, true]);
  });

  it('is answered, and keys are verified from memory, while every connection of the pool is taken', async () => {
    const [node] = await start(1, { poolSize: 2 });
    const key = await cachedEverywhere([node!]);
    const taken = [await node!.pool.connect(), await node!.pool.connect()];
    await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
    expect(node!.freshness.held()).toBe(true);
    expect(await node!.accepts(key)).toBe(true);
    await expect(node!.freshness.settle()).rejects.toMatchObject({ code: 'service_unavailable' });
    for (const client of taken) client.release();
    await node!.freshness.settle();
  });

  it('may be missed for as long as the operator allows, while the database is away, and no longer', async () => {
    const proxy = await proxied();
    const staleMs = 1500;
    const [node] = await start(1, { feedUrl: proxy.url, staleMs });
    const [strict] = await start(1, { feedUrl: proxy.url });
    expect(node!.freshness.state()).toBe('fresh');
    const began = performance.now();
    proxy.cut();
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
    proxy.restore();
    await eventually(() => {
      expect(node!.freshness.state()).toBe('fresh');
    });
  });

  async function start(count: number, options: Partial<TestNodeOptions> = {}): Promise<TestNode[]> {
    const started = await Promise.all(
      Array.from({ length: count }, () =>
        TestNode.start({ url: database.url, leaseMs: LEASE_MS, ...options }),
      ),
    );
    nodes.push(...started);
    return started;
  }

  async function proxied(): Promise<Proxy> {
    const proxy = await Proxy.before(database.url);
    proxies.push(proxy);
    return proxy;
  }

  async function cachedEverywhere(cluster: TestNode[]): Promise<string> {
    const key = await insertKey(admin, application);
    for (const node of cluster) {
      await eventually(async () => {
        expect(await node.accepts(key)).toBe(true);
        expect(node.cache.recall(key)).toBeDefined();
      });
    }
    return key;
  }

  function accepting(cluster: TestNode[], key: string): Promise<boolean[]> {
    return Promise.all(cluster.map((node) => node.accepts(key)));
  }
});
