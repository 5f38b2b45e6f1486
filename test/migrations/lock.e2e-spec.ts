import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import {
  migrate,
  MigrationLockError,
  revertLastMigration,
} from '../../src/infrastructure/database/migrate.js';
import { createTestDatabase, directUrlOf, type TestDatabase } from '../support/database.js';

/** As src/infrastructure/database/migrate.ts has it. */
const MIGRATION_LOCK = 7_305_808_869;

let database: TestDatabase;
let other: Client;
beforeEach(async () => {
  database = await createTestDatabase();
  other = new Client({
    connectionString: directUrlOf(database),
    application_name: 'a session that was forgotten',
  });
  await other.connect();
});
afterEach(async () => {
  await other.end();
  await database.drop();
});

describe('the lock of the migrations', () => {
  it('is waited for no longer than its time-out, and the error names who holds it', async () => {
    await other.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');

    const error = await migrate(database.url, { lockTimeoutMs: 100 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MigrationLockError);
    expect((error as Error).message).toContain(`process ${rows[0]!.pid} of PostgreSQL`);
    expect((error as Error).message).toContain('a session that was forgotten');
    await expect(revertLastMigration(database.url, { lockTimeoutMs: 100 })).rejects.toThrow(
      MigrationLockError,
    );

    await other.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    expect(await migrate(database.url, { lockTimeoutMs: 5000 })).toEqual([]);
  });

  it('is of a transaction, which ends with the migrations and whatever fails', async () => {
    await migrate(database.url);
    expect(await locks()).toEqual([]);

    await other.query('DROP TABLE migrations; CREATE VIEW migrations AS SELECT 1 AS id');
    await expect(migrate(database.url)).rejects.toThrow();
    expect(await locks()).toEqual([]);
  });

  it('outlives the short time-outs of a role, however long the migrations take', async () => {
    const { rows } = await other.query<{ name: string }>('SELECT current_database() AS name');
    await other.query(`ALTER DATABASE ${rows[0]!.name} SET idle_in_transaction_session_timeout = '50ms'`);
    // A migration waits for this table, and its lock is idle meanwhile.
    await other.query('BEGIN; LOCK TABLE migrations');
    const migrating = migrate(database.url);
    await other.query('SELECT pg_sleep(0.3)');
    await other.query('ROLLBACK');
    expect(await migrating).toEqual([]);
  });

  async function locks(): Promise<unknown[]> {
    const { rows } = await other.query(
      `SELECT pid FROM pg_locks JOIN pg_database ON database = pg_database.oid
        WHERE locktype = 'advisory' AND datname = current_database()`,
    );
    return rows;
  }
});
