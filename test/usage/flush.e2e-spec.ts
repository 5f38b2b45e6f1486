import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { DataSource } from 'typeorm';
import { poolOf } from '../../src/infrastructure/database/pool.js';
import { Client, verify } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const FLUSH_MS = 20;

describe('What is noted of the use of keys', () => {
  let database: TestDatabase;
  let other: Postgres;
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let log: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    other = new Postgres({ connectionString: database.url });
    await other.connect();
    log = '';
    app = await TestApp.start({
      database,
      env: {
        USAGE_FLUSH_MS: String(FLUSH_MS),
        DATABASE_STATEMENT_TIMEOUT_MS: '500',
        LOG_LEVEL: 'warn',
      },
      log: { write: (line) => (log += line) },
    });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });

  afterEach(async () => {
    await other.end();
    await database.drop();
  });

  it('is written by a shutdown though the first attempts fail', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await blockWrites();
    await verify(app, key);
    const stopped = app.stop();
    await failures(2);
    await other.query('COMMIT');
    await stopped;
    expect(await lastUse(id)).not.toBeNull();
    expect(log).not.toContain('are not counted');
    expect(await counted(id)).toBe(1);
  });

  it('ends the shutdown in time when it cannot be written, and the log says how much was lost', async () => {
    const keys = await Promise.all([owner.issueKey(applicationId), owner.issueKey(applicationId)]);
    await blockWrites();
    for (const { key } of keys) await verify(app, key);
    const [{ key }] = keys;
    await verify(app, key);
    await app.stop();
    // The third is the service key that has asked.
    expect(log).toContain('The usage of 3 keys was not written: 3 verifications are not counted');
    for (const { id } of keys) expect([await lastUse(id), await counted(id)]).toEqual([null, 0]);
  });

  it('is written by one statement at a time, and none queues behind a slow one', async () => {
    const { key } = await owner.issueKey(applicationId);
    let writes = 0;
    const pool = poolOf(app.nest.get(DataSource));
    const query = pool.query.bind(pool) as (statement: unknown) => unknown;
    pool.query = ((statement: { text?: string }, ...rest: []) => {
      if (statement.text?.includes('write_usage') === true) writes += 1;
      return query(statement, ...rest);
    }) as typeof pool.query;

    await blockWrites();
    await verify(app, key);
    await eventually(() => {
      expect(writes).toBe(1);
    });
    await intervals(15);
    expect(writes).toBe(1);
    await other.query('COMMIT');
    await app.stop();
    expect(writes).toBeLessThanOrEqual(2);
  });

  /** From now to `COMMIT`. */
  async function blockWrites(): Promise<void> {
    await other.query('BEGIN');
    await other.query('LOCK TABLE api_key_usage IN SHARE MODE');
  }

  async function failures(count: number): Promise<void> {
    await eventually(() => {
      expect(log.split('could not write how often keys were used').length - 1).toBeGreaterThanOrEqual(count);
    });
  }

  async function counted(id: string): Promise<number> {
    const { rows } = await other.query<{ count: string }>(
      'SELECT coalesce(sum(count), 0) AS count FROM usage_hours WHERE api_key_id = $1',
      [id],
    );
    return Number(rows[0]?.count);
  }

  async function lastUse(id: string): Promise<unknown> {
    await other.query('ROLLBACK');
    const { rows } = await other.query('SELECT last_used_at FROM api_key_usage WHERE api_key_id = $1', [id]);
    return (rows[0] as { last_used_at: Date } | undefined)?.last_used_at ?? null;
  }
});

/** So many intervals of the flush pass at least. */
function intervals(count: number): Promise<void> {
  return new Promise((resolve) => {
    let passed = 0;
    const timer = setInterval(() => {
      passed += 1;
      if (passed < count) return;
      clearInterval(timer);
      resolve();
    }, FLUSH_MS);
  });
}
