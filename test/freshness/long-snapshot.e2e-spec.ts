import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { PostgresFeed, READ, RENEW } from '../../src/modules/freshness/infrastructure/postgres-feed.js';
import { LOOK } from '../../src/modules/freshness/infrastructure/postgres-node-table.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Rows } from './support/rows.js';

/** As many as a node sends in ten minutes; a dump may run for a day. */
const RENEWALS = 2400;
/** Renewals to one change. */
const RENEWALS_PER_CHANGE = 8;

const LEASE_MS = 10_000;

/**
 * PostgreSQL keeps every version of every row then. Pages are counted that a statement looks through: times would need
 * an idle machine.
 */
describe('While a dump holds its snapshot open', () => {
  let database: TestDatabase;
  let client: Client;
  let dump: Client;
  let records: Rows;
  let feed: PostgresFeed;
  const node = randomUUID();
  let renewal = 0;
  let applied = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    records = await Rows.open(database.url);
    [client, dump] = [
      new Client({ connectionString: database.url }),
      new Client({ connectionString: database.url }),
    ];
    await client.connect();
    await dump.connect();
    feed = new PostgresFeed({
      url: database.url,
      leaseMs: LEASE_MS,
      notify: () => Promise.resolve(),
      log: { warn: () => undefined, log: () => undefined },
    });
  });

  afterAll(async () => {
    await feed.leave(node);
    await dump.end();
    await client.end();
    await records.close();
    await database.drop();
  });

  it('renewals, reads of the feed, looks at the nodes and numbers stay as cheap as they were', async () => {
    await renewals(10 * RENEWALS_PER_CHANGE);
    const before = await pages();
    await dump.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await dump.query('SELECT count(*) FROM key_changes');
    await renewals(RENEWALS);
    const after = await pages();
    for (const [statement, count] of Object.entries(after)) {
      expect({ statement, grew: count - before[statement]! > 10 }).toEqual({ statement, grew: false });
    }
  }, 300_000);

  async function renewals(count: number): Promise<void> {
    const application = await records.insertApplication();
    for (let i = 0; i < count; i += 1) {
      if (i % RENEWALS_PER_CHANGE === 0) {
        const key = await records.insertKey(application);
        await client.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
      }
      renewal += 1;
      const answer = await feed.renew({ node, renewal, applied, leaseMs: LEASE_MS });
      applied = answer.last;
      await feed.acknowledge({ node, renewal, applied });
    }
  }

  async function pages(): Promise<Record<string, number>> {
    const { rows } = await client.query(`SELECT id FROM key_changes WHERE number = $1 AND kind = 'proof'`, [
      applied,
    ]);
    const { id: proof } = rows[0] as { id: string };
    renewal += 1;
    return {
      renew: await pagesOf(RENEW, [node, renewal, applied, proof, LEASE_MS]),
      read: await pagesOf(READ, [applied, proof]),
      look: await pagesOf(LOOK, [[applied], [proof]]),
      number: await pagesOf('SELECT number FROM key_change_counter'),
    };
  }

  async function pagesOf(statement: string, values: unknown[] = []): Promise<number> {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`, values);
    const [{ Plan: plan }] = (rows[0] as { 'QUERY PLAN': [{ Plan: Record<string, number> }] })['QUERY PLAN'];
    return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
  }
});
