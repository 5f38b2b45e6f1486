import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** The advisory lock of everything that changes the schema; any number that nothing else uses. */
const MIGRATION_LOCK = 7_305_808_869;

/**
 * Runs the migrations that have not run yet and answers their names. Nodes that start at once take turns
 * behind an advisory lock, so that each migration runs once.
 */
export async function migrate(url: string): Promise<string[]> {
  return withMigrationLock(url, async (dataSource) => {
    const done = await dataSource.runMigrations();
    return done.map((migration) => migration.name);
  });
}

/** Takes back the newest migration. */
export async function revertLastMigration(url: string): Promise<void> {
  await withMigrationLock(url, (dataSource) => dataSource.undoLastMigration());
}

async function withMigrationLock<T>(url: string, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const options = dataSourceOptions({ url, poolSize: 2, poolWaitMs: 10_000, statementTimeoutMs: 0 });
  const dataSource = await new DataSource(options).initialize();
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work(dataSource);
  } finally {
    await lock.release();
    // Ends the session, and with it the lock.
    await dataSource.destroy();
  }
}
