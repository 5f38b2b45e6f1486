import { randomBytes } from 'node:crypto';
import { migrationUrlsOf, type Env } from '../../config/env.js';
import { startEmbeddedPostgres } from '../embedded-postgres/index.js';
import { checkSchema } from './check-schema.js';
import { migrate } from './migrate.js';
import { roleOf } from './serving-role.js';

export interface OpenDatabase {
  url: string;
  /** Stops what `openDatabase` has started. */
  close(): Promise<void>;
}

/** Who serves from the embedded database; its superuser migrates. */
const EMBEDDED_ROLE = 'upblit_service';

/**
 * Sees to it that there is a database: the one of DATABASE_URL, or else the embedded one in DATA_DIR, which is
 * migrated always.
 */
export async function openDatabase(env: Env, log: (message: string) => void): Promise<OpenDatabase> {
  if (env.DATABASE_URL !== undefined) {
    const urls = migrationUrlsOf(env);
    if (env.MIGRATE_ON_START && urls !== undefined) {
      const servingRole = urls.servingUrl === undefined ? undefined : roleOf(urls.servingUrl);
      await migrate(urls.url, { log, servingRole });
    }
    await checkSchema(env.DATABASE_URL, log);
    return { url: env.DATABASE_URL, close: () => Promise.resolve() };
  }
  const postgres = await startEmbeddedPostgres({ dataDir: env.DATA_DIR, log });
  try {
    // A new password at each start is kept nowhere.
    const servingRole = { name: EMBEDDED_ROLE, password: randomBytes(24).toString('base64url') };
    await migrate(postgres.url, { log, servingRole });
    const url = new URL(postgres.url);
    url.username = servingRole.name;
    url.password = servingRole.password;
    return { url: url.href, close: () => postgres.stop() };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
