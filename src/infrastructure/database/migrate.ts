import { DatabaseError, escapeIdentifier } from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { awaitPrimary } from './await-primary.js';
import { refuseUnknown } from './check-schema.js';
import { dataSourceOptions } from './data-source.js';
import { provideServingRole, type ServingRole } from './serving-role.js';

/** The advisory lock of everything that changes the schema; any number that nothing else uses. */
const MIGRATION_LOCK = 7_305_808_869;
/** Milliseconds that a migration waits for another one to end. */
const LOCK_TIMEOUT_MS = 60_000;
const LOCK_NOT_AVAILABLE = '55P03';

export interface MigrateOptions {
  lockTimeoutMs?: number;
  /** Milliseconds to wait for the primary while the server is a standby, or starts; see `awaitPrimary`. */
  primaryWaitMs?: number;
  /** Called when there is something to wait for. */
  log?: (message: string) => void;
  /** Who is to serve, when that is not the role that migrates: it is made when missing, and given its privileges. */
  servingRole?: ServingRole | undefined;
}

/** Another session holds the lock of the migrations; the message names it and says what to do. */
export class MigrationLockError extends Error {}

/**
 * Runs the migrations that have not run yet and returns their names. Nodes that start at once take turns
 * behind an advisory lock, so that each migration runs once.
 *
 * @param url of the database itself rather than of a pooler, where there is one
 * @throws MigrationLockError when another migration does not end, SchemaError when a newer version has migrated
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  return withMigrationLock(url, options, async (dataSource) => {
    await executedMigrations(dataSource);
    const done = await dataSource.runMigrations();
    await provide(dataSource, url, options.servingRole);
    return done.map((migration) => migration.name);
  });
}

async function provide(dataSource: DataSource, url: string, role: ServingRole | undefined): Promise<void> {
  if (role === undefined) return;
  const runner = dataSource.createQueryRunner();
  try {
    await provideServingRole(runner, url, role);
  } finally {
    await runner.release();
  }
}

/** A migration that was, or would be, reverted. */
export interface Reverted {
  name: string;
  /** False when whoever was asked did not want to lose what is in the tables. */
  isDone: boolean;
}

export interface RevertOptions extends MigrateOptions {
  /** Asked before tables go that have rows, by their names; without it they go. */
  confirmLoss?: ((tables: string[]) => boolean | Promise<boolean>) | undefined;
}

/** Takes back the newest migration and says which; undefined when there is none. Throws as `migrate` does. */
export async function revertLastMigration(
  url: string,
  options: RevertOptions = {},
): Promise<Reverted | undefined> {
  return withMigrationLock(url, options, async (dataSource) => {
    const migration = await newestMigration(dataSource);
    if (migration === undefined) return undefined;
    const name = migration.name ?? migration.constructor.name;
    const lost = options.confirmLoss === undefined ? [] : await tablesLostBy(dataSource, migration);
    if (lost.length > 0 && (await options.confirmLoss?.(lost)) !== true) return { name, isDone: false };
    await dataSource.undoLastMigration();
    await provide(dataSource, url, options.servingRole);
    return { name, isDone: true };
  });
}

/** The newest one that the database has. Throws SchemaError when this version does not know it. */
async function newestMigration(dataSource: DataSource): Promise<MigrationInterface | undefined> {
  const [newest] = (await executedMigrations(dataSource)).slice(-1);
  if (newest === undefined) return undefined;
  return dataSource.migrations.find(({ name, constructor }) => (name ?? constructor.name) === newest);
}

/** The names, oldest first. Throws SchemaError when there are some that this version does not know. */
async function executedMigrations(dataSource: DataSource): Promise<string[]> {
  const [found] = await dataSource.query<{ isThere: boolean }[]>(
    `SELECT to_regclass('migrations') IS NOT NULL AS "isThere"`,
  );
  if (found?.isThere !== true) return [];
  const rows = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
  const names = rows.map(({ name }) => name);
  refuseUnknown(names);
  return names;
}

/** Tries it in a transaction that is rolled back: what is in a migration is not to be read out of its text. */
async function tablesLostBy(dataSource: DataSource, migration: MigrationInterface): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    const before = await tables(runner);
    await migration.down(runner);
    const after = await tables(runner);
    await runner.rollbackTransaction();
    const lost = before.filter((table) => !after.includes(table));
    const filled: string[] = [];
    for (const table of lost) {
      const [{ isFilled }] = (await runner.query(
        `SELECT EXISTS (SELECT FROM ${escapeIdentifier(table)}) AS "isFilled"`,
      )) as [{ isFilled: boolean }];
      if (isFilled) filled.push(table);
    }
    return filled;
  } finally {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    await runner.release();
  }
}

async function tables(runner: QueryRunner): Promise<string[]> {
  const rows = (await runner.query(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`,
  )) as { name: string }[];
  return rows.map(({ name }) => name);
}

async function withMigrationLock<T>(
  url: string,
  { lockTimeoutMs = LOCK_TIMEOUT_MS, primaryWaitMs, log = () => undefined }: MigrateOptions,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  return awaitPrimary(() => underLock(url, lockTimeoutMs, work), { waitMs: primaryWaitMs, log });
}

async function underLock<T>(
  url: string,
  lockTimeoutMs: number,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const options = dataSourceOptions({ url, poolSize: 2, poolWaitMs: 10_000, statementTimeoutMs: 0 });
  const dataSource = await new DataSource(options).initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await takeLock(lock, lockTimeoutMs);
    const result = await work(dataSource);
    await lock.commitTransaction();
    return result;
  } finally {
    // What has failed may have lost its connection: then there is nothing to roll back.
    if (lock.isTransactionActive) await lock.rollbackTransaction().catch(() => undefined);
    await lock.release();
    await dataSource.destroy();
  }
}

/**
 * Opens a transaction that holds the lock until it ends. A lock of the session would outlive a process that was
 * killed, behind a pooler, which keeps the session and lends it to others.
 */
async function takeLock(lock: QueryRunner, lockTimeoutMs: number): Promise<void> {
  await lock.startTransaction();
  // It is idle while the migrations run beside it, however long they take and whatever the role's settings are.
  await lock.query(
    `SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true),
            set_config('idle_in_transaction_session_timeout', '0', true)`,
    [String(lockTimeoutMs)],
  );
  try {
    await lock.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    await lock.rollbackTransaction();
    throw new MigrationLockError(
      `Another migration has held its lock for ${lockTimeoutMs / 1000} s (${await holderOf(lock)}). Wait until it ` +
        'has ended; if it never will, end its session with SELECT pg_terminate_backend(<process>).',
      { cause: error },
    );
  }
}

async function holderOf(lock: QueryRunner): Promise<string> {
  const rows = (await lock.query(
    `SELECT pid, application_name AS name, state FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) + objid::bigint = $1`,
    [MIGRATION_LOCK],
  )) as { pid: number; name: string; state: string | null }[];
  const [holder] = rows;
  if (holder === undefined) return 'whoever held it is gone by now';
  return `process ${holder.pid} of PostgreSQL, application "${holder.name}", ${holder.state ?? 'state unknown'}`;
}

function isLockTimeout(error: unknown): boolean {
  const { driverError } = error as { driverError?: unknown };
  return driverError instanceof DatabaseError && driverError.code === LOCK_NOT_AVAILABLE;
}
