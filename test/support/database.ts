import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { insertServiceKey } from './service-key.js';

/** The lock under which the first test file of a run makes the migrated template. */
const TEMPLATE_LOCK = 7_305_808_870;
const TEMPLATE = 'upblit_template';

/** Who serves in the tests, on every server that they start. */
export const SERVING_ROLE = { name: 'upblit_service', password: 'serves-the-tests' };

/** The same database as the role that serves, where `url` is that of the role that owns it. */
export function servingUrlOf(url: string): string {
  const serving = new URL(url);
  serving.username = SERVING_ROLE.name;
  serving.password = SERVING_ROLE.password;
  return serving.href;
}

export interface TestDatabase {
  /** For the service and for the tests; it leads through a pooler when the run is of the project `pooler`. */
  url: string;
  /** The way around the pooler, where there is one. */
  directUrl?: string;
  drop(): Promise<void>;
}

/** For what a pooler cannot pass on: notifications, and what is done to single processes of PostgreSQL. */
export function directUrlOf(database: TestDatabase): string {
  return database.directUrl ?? database.url;
}

/** A migrated database of its own for one test file: a copy of a template, so it takes milliseconds. */
export async function createTestDatabase(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(async (admin) => {
    if (options.migrated === false) {
      await admin.query(`CREATE DATABASE ${name}`);
      return;
    }
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [TEMPLATE]);
    if (rowCount === 0) {
      await admin.query(`CREATE DATABASE ${TEMPLATE}_new`);
      await migrate(urlOf(`${TEMPLATE}_new`), { servingRole: SERVING_ROLE });
      await insertServiceKey(urlOf(`${TEMPLATE}_new`));
      await admin.query(`ALTER DATABASE ${TEMPLATE}_new RENAME TO ${TEMPLATE}`);
    }
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  });
  const url = urlOf(name);
  const pooler = process.env.TEST_POOLER_PORT;
  return {
    ...(pooler === undefined ? { url } : { url: withPort(url, pooler), directUrl: url }),
    drop: () => asAdmin((admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`).then(() => undefined)),
  };
}

function urlOf(database: string): string {
  const url = new URL(adminUrl());
  url.pathname = `/${database}`;
  return url.href;
}

function withPort(url: string, port: string): string {
  const changed = new URL(url);
  changed.port = port;
  return changed.href;
}

async function asAdmin(work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: adminUrl() });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function adminUrl(): string {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined) throw new Error('TEST_DATABASE_URL is not set: run the tests with `npm test`');
  return url;
}
