import { DatabaseError } from 'pg';
import { migrations } from '../../../migrations/index.js';
import { awaitPrimary } from './await-primary.js';
import { PooledClient } from './pooled-client.js';

/** The database is not of this version; the message says what to do. */
export class SchemaError extends Error {}

/** Milliseconds for a connection, and for an answer. */
const DEADLINE = 10_000;
const NO_SUCH_TABLE = '42P01';

const known = migrations.map(({ name }) => name);

const LOOK = `
  SELECT current_user AS role,
         (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
           OR pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = 'migrations'::regclass), 'USAGE')
           AS "isMighty",
         ARRAY(SELECT name FROM migrations ORDER BY id) AS names`;

interface Found {
  role: string;
  /** It owns the tables, or may do anything. */
  isMighty: boolean;
  names: string[];
}

/**
 * Looks, before anything is served, whether the database has the migrations of this version, all of them and no
 * others. (What is migrated while a node runs does not end it: that is how versions are exchanged.)
 *
 * @param warn told when the role of the url may do more than serve
 * @throws SchemaError when it does not
 */
export async function checkSchema(url: string, warn: (message: string) => void): Promise<void> {
  const { role, isMighty, names } = await awaitPrimary(() => look(url), { log: warn });
  refuseUnknown(names);
  const missing = known.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new SchemaError(
      `The database is of an older version (it lacks ${countOf(missing)}, the first of them ${missing[0]}): run "npm run migrate", or set MIGRATE_ON_START=true.`,
    );
  }
  if (isMighty) {
    warn(
      `The role "${role}" of DATABASE_URL owns the tables: with DATABASE_MIGRATION_URL, "npm run migrate" makes one that can only serve (README, "Two roles").`,
    );
  }
}

/** Throws SchemaError when the database has migrations that this version does not know. */
export function refuseUnknown(names: string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new SchemaError(
    `The database was migrated by a newer version (it has ${countOf(unknown)} that this one does not know, the newest of them ${unknown.at(-1)}): start that version, or take them back with it ("npm run migrate -- revert").`,
  );
}

function countOf(names: string[]): string {
  return names.length === 1 ? 'one migration' : `${names.length} migrations`;
}

async function look(url: string): Promise<Found> {
  const client = new PooledClient({
    connectionString: url,
    application_name: 'upblit start',
    connectionTimeoutMillis: DEADLINE,
    query_timeout: DEADLINE,
  });
  try {
    await client.connect();
    const { rows } = await client.query(LOOK);
    const [found] = rows as [Found];
    return found;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === NO_SUCH_TABLE) {
      throw new SchemaError(
        'The database has not been migrated: run "npm run migrate", or set MIGRATE_ON_START=true.',
        { cause: error },
      );
    }
    throw error;
  } finally {
    client.cut();
  }
}
