import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client, Pool } from 'pg';
import { FeedUnreachable } from '../../src/modules/freshness/application/ports.js';
import { PostgresFeed } from '../../src/modules/freshness/infrastructure/postgres-feed.js';
import { PostgresNodeTable } from '../../src/modules/freshness/infrastructure/postgres-node-table.js';
import { createTestDatabase, directUrlOf, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Rows } from './support/rows.js';

const LEASE_MS = 1000;

describe('The feed on PostgreSQL', () => {
  let database: TestDatabase;
  let pool: Pool;
  let records: Rows;
  let proxy: TcpProxy;
  let feed: PostgresFeed;
  let node: string;
  let renewals: number;
  let told: string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    records = await Rows.open(database.url);
    pool = new Pool({ connectionString: database.url, max: 5 });
    pool.on('error', () => undefined);
  });

  afterAll(async () => {
    await records.close();
    await pool.end();
    await database.drop();
  });

  beforeEach(async () => {
    const before = await TcpProxy.before(directUrlOf(database));
    proxy = before.proxy;
    node = randomUUID();
    renewals = 0;
    told = [];
    feed = feedThrough(before.url);
  });

  afterEach(async () => {
    await feed.leave(node);
    await proxy.stop();
  });

  it('has committed the renewal when it reads the changes', async () => {
    await renew();
    const blocker = new Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('BEGIN');
    // What only the read needs is locked.
    await blocker.query('ALTER VIEW key_change_counter RENAME TO elsewhere');
    const renewed = renew();
    // The read waits for the lock; the renewal does not, and everybody can see it.
    await eventually(async () => {
      expect(await renewalOf(node)).toBe(2);
    }, LEASE_MS / 2);
    await blocker.query('ROLLBACK');
    await blocker.end();
    expect(await renewed).toMatchObject({ last: await records.lastNumber() });
  });

  it('tells a node that has applied nothing where the feed stands, and every node there is', async () => {
    const other = randomUUID();
    await renew();
    await renew(0, { node: other });
    const answer = await renew();
    expect(answer.last).toBe(await records.lastNumber());
    expect(answer.changes).toEqual([]);
    expect(answer.nodes).toEqual(
      expect.arrayContaining([
        { id: node, renewal: 3, applied: 0, leaseMs: LEASE_MS },
        { id: other, renewal: 2, applied: 0, leaseMs: LEASE_MS },
      ]),
    );
    await new PostgresNodeTable(pool).remove(other, 2);
  });

  it('tells every change from the one that was applied on, in order', async () => {
    const application = await records.insertApplication();
    const applied = (await renew()).last;
    const keys = [await records.insertKey(application), await records.insertKey(application)];
    for (const key of keys) await pool.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);

    const { last, changes } = await renew(applied);
    expect(changes[0]!.number).toBe(applied);
    expect(changes.filter(({ number }) => number > applied).map(({ kind, id }) => ({ kind, id }))).toEqual(
      keys.map((id) => ({ kind: 'api_key', id })),
    );
    expect(changes.at(-1)!.number).toBe(last);
  });

  it('tells nothing when there is more than is worth reading', async () => {
    const applied = (await renew()).last;
    await insertChanges(applied, 3000);
    const middle = (await renew(applied)).last;
    await insertChanges(middle, 3000);
    expect((await renew(applied)).changes).toEqual([]);
    expect((await renew(middle)).changes).toHaveLength(3001);
  });

  it('lets a renewal that was given up, and arrives late, change nothing', async () => {
    const [earlier, later] = [await change(), await change()];
    await renew(earlier);
    await renew(later);
    renewals -= 2;
    await renew(earlier);
    const { rows } = await pool.query(
      'SELECT renewal::int, applied::int FROM freshness_renewals WHERE node = $1 ORDER BY renewal DESC LIMIT 1',
      [node],
    );
    expect(rows).toEqual([{ renewal: 2, applied: later }]);
  });

  it('keeps what a node acknowledges, unless it has renewed since or is not on the list', async () => {
    const [first, second, third, fourth] = [await change(), await change(), await change(), await change()];
    await renew(first);
    await feed.acknowledge({ node, renewal: 1, applied: second });
    expect(await appliedBy(node)).toBe(second);
    await renew(fourth);
    await feed.acknowledge({ node, renewal: 1, applied: third });
    expect(await appliedBy(node)).toBe(fourth);
    await feed.acknowledge({ node: randomUUID(), renewal: 1, applied: third });
  });

  it('believes no node that has applied a change of another history, though this one has the same number', async () => {
    const before = await change();
    const lost = await change();
    // As restored from before the last change; then the world goes on, and gives out its number again.
    await pool.query('DELETE FROM key_changes WHERE number = $1', [lost]);
    await pool.query('UPDATE api_keys SET version = version + 1');
    expect(await records.lastNumber()).toBe(lost);

    const answer = await renew(lost);
    expect(answer).toMatchObject({ last: lost, changes: [] });
    expect(await appliedBy(node)).toBe(0);
    expect((await renew(lost)).changes[0]).toMatchObject({ number: lost });
    expect(await appliedBy(node)).toBe(lost);
    await feed.acknowledge({ node, renewal: 2, applied: before });
    expect(await appliedBy(node)).toBe(lost);
  });

  it('reads the changes between two renewals without renewing', async () => {
    const applied = (await renew()).last;
    const key = await records.insertKey(await records.insertApplication());
    await pool.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
    expect((await feed.read(applied)).changes.at(-1)).toMatchObject({ kind: 'api_key', id: key });
    expect(await renewalOf(node)).toBe(1);
  });

  it('gives up a renewal that is not answered within a lease, and opens another connection for the next', async () => {
    await renew();
    proxy.hold();
    const began = performance.now();
    await expect(renew()).rejects.toBeInstanceOf(FeedUnreachable);
    expect(performance.now() - began).toBeGreaterThan(LEASE_MS - 50);
    expect(performance.now() - began).toBeLessThan(LEASE_MS + 700);
    await proxy.restore();
    expect(await renew()).toMatchObject({ last: await records.lastNumber() });
  });

  it('says that the database is unreachable when it is, and not when it refuses', async () => {
    await proxy.refuse();
    await expect(renew()).rejects.toBeInstanceOf(FeedUnreachable);
    await proxy.restore();
    await pool.query('ALTER TABLE freshness_nodes RENAME TO elsewhere');
    try {
      await expect(renew()).rejects.not.toBeInstanceOf(FeedUnreachable);
    } finally {
      await pool.query('ALTER TABLE elsewhere RENAME TO freshness_nodes');
    }
    await renew();
  });

  it('is notified of changes and acknowledgements, and says when its connection is lost', async () => {
    await renew();
    const key = await records.insertKey(await records.insertApplication());
    await pool.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
    await heard(`changed ${await records.lastNumber()}`);
    const other = feedThrough(directUrlOf(database));
    const another = randomUUID();
    const { last } = await other.renew({ node: another, renewal: 1, applied: 0, leaseMs: LEASE_MS });
    await other.acknowledge({ node: another, renewal: 1, applied: last });
    await heard('acknowledged');
    proxy.cut();
    await heard('lost');
    await renew();
    await pool.query('UPDATE api_keys SET enabled = true WHERE id = $1', [key]);
    await heard(`changed ${await records.lastNumber()}`);
    await other.leave(another);
  });

  it('takes a node off the list when it leaves', async () => {
    await renew();
    expect(await renewalOf(node)).toBe(1);
    await feed.leave(node);
    expect(await renewalOf(node)).toBeUndefined();
  });

  it('is trimmed to what a node would still read, whatever the time is, and never loses the last change', async () => {
    const table = new PostgresNodeTable(pool);
    const trimmed = async (): Promise<number> => {
      await table.trim();
      const { rows } = await pool.query(`SELECT count(*)::int FROM key_changes WHERE kind <> 'proof'`);
      return (rows[0] as { count: number }).count;
    };
    await trimmed();
    const first = await change();
    await insertChanges(first, 3000);
    const middle = await change();
    await insertChanges(middle, 4000);
    const last = await change();
    expect(await trimmed()).toBe(5001);
    expect((await renew(middle)).changes.at(-1)).toMatchObject({ number: last });
    await insertChanges(last, 6000);
    expect(await trimmed()).toBe(5001);
    expect((await renew(last)).changes).toEqual([]);
  });

  it('keeps a node that has renewed when somebody takes it for gone', async () => {
    const table = new PostgresNodeTable(pool);
    await renew();
    await renew();
    await table.remove(node, 1);
    expect(await renewalOf(node)).toBe(2);
    await table.remove(node, 2);
    expect(await renewalOf(node)).toBeUndefined();
  });

  function feedThrough(url: string): PostgresFeed {
    const opened = new PostgresFeed({
      url,
      leaseMs: LEASE_MS,
      notify: () => Promise.resolve(),
      log: { warn: () => undefined, log: () => undefined },
    });
    opened.listen({
      changed: (number) => told.push(`changed ${number}`),
      acknowledged: () => told.push('acknowledged'),
      lost: () => told.push('lost'),
    });
    return opened;
  }

  function renew(applied = 0, other: { node?: string } = {}) {
    renewals += 1;
    return feed.renew({ node, renewal: renewals, applied, leaseMs: LEASE_MS, ...other });
  }

  /** Makes a change, reads the feed, and returns the number. */
  async function change(): Promise<number> {
    const key = await records.insertKey(await records.insertApplication());
    await pool.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
    return (await feed.read(0)).last;
  }

  /** So many numbers after this one. */
  async function insertChanges(after: number, count: number): Promise<void> {
    await pool.query(
      `INSERT INTO key_changes (number, kind, id)
       SELECT $1::bigint + n, kind, gen_random_uuid()
         FROM generate_series(1, $2::int) AS n, unnest('{api_key,proof}'::text[]) AS kind`,
      [after, count],
    );
  }

  async function renewalOf(id: string): Promise<number | undefined> {
    const { rows } = await pool.query(
      'SELECT renewal::int FROM freshness_renewals WHERE node = $1 ORDER BY renewal DESC LIMIT 1',
      [id],
    );
    return rows[0]?.renewal;
  }

  async function appliedBy(id: string): Promise<number | undefined> {
    const { rows } = await pool.query(
      'SELECT applied::int FROM freshness_renewals WHERE node = $1 ORDER BY renewal DESC LIMIT 1',
      [id],
    );
    return rows[0]?.applied;
  }

  function heard(what: string): Promise<void> {
    return eventually(() => {
      expect(told).toContain(what);
    });
  }
});
