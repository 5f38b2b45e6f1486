import type { Env } from '../../config/env.js';
import { startEmbeddedPostgres } from '../embedded-postgres/index.js';
import { migrate } from './migrate.js';

export interface OpenDatabase {
  url: string;
  /** Stops what `openDatabase` has started. */
  close(): Promise<void>;
}

/**
 * Sees to it that there is a database: the one of DATABASE_URL, or else the embedded one in DATA_DIR, which is
 * migrated always.
 */
export async function openDatabase(env: Env, log: (message: string) => void): Promise<OpenDatabase> {
  if (env.DATABASE_URL !== undefined) {
    if (env.MIGRATE_ON_START) await migrate(env.DATABASE_DIRECT_URL ?? env.DATABASE_URL, { log });
    return { url: env.DATABASE_URL, close: () => Promise.resolve() };
  }
  const postgres = await startEmbeddedPostgres({ dataDir: env.DATA_DIR, log });
  try {
    await migrate(postgres.url, { log });
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return { url: postgres.url, close: () => postgres.stop() };
}
