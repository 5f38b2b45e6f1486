import pg from 'pg';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../dist/src/infrastructure/embedded-postgres/index.js';
import { parentOf } from './processes.mjs';

/**
 * @typedef {object} Postgres
 * @property {(name: string) => Promise<string>} createDatabase an empty one, made anew; gives its URL
 * @property {() => Promise<void>} dropDatabases those that were created
 * @property {number | undefined} pid the postmaster's, where it runs on this machine
 * @property {string} version
 * @property {() => Promise<void>} stop
 */

/**
 * Where the embedded PostgreSQL differs from its defaults, for everybody alike: connections for all the servers,
 * and what any production server of this size has set. Commits are as durable as by default.
 */
const SETTINGS = { max_connections: '200', shared_buffers: '1GB', max_wal_size: '4GB' };

/**
 * The PostgreSQL all systems share: that of BENCH_DATABASE_URL, whose user must be a superuser, or else
 * the embedded one of the product, in a data directory of the benchmark.
 *
 * @param {string} directory
 * @param {(text: string) => void} say
 * @returns {Promise<Postgres>}
 */
export async function openPostgres(directory, say) {
  const given = process.env.BENCH_DATABASE_URL;
  const embedded =
    given === undefined
      ? await startEmbeddedPostgres({ dataDir: directory, log: say, settings: SETTINGS })
      : undefined;
  const adminUrl = given ?? embedded.url;
  const { pid, version } = await inspect(adminUrl);
  const created = new Set();
  return {
    pid,
    version,
    createDatabase: (name) => {
      created.add(name);
      return createDatabase(adminUrl, name);
    },
    dropDatabases: async () => {
      for (const name of created) await dropDatabase(adminUrl, name);
      created.clear();
    },
    stop: async () => {
      await embedded?.stop();
      // Its write-ahead log alone is gigabytes.
      if (embedded !== undefined) await removeEmbeddedPostgres(directory);
    },
  };
}

async function inspect(adminUrl) {
  return withClient(adminUrl, async (client) => {
    const { rows } = await client.query(
      `SELECT pg_backend_pid() AS backend, current_setting('server_version') AS version`,
    );
    return { pid: parentOf(rows[0].backend), version: rows[0].version };
  });
}

async function createDatabase(adminUrl, name) {
  await dropDatabase(adminUrl, name);
  await withClient(adminUrl, (client) => client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function dropDatabase(adminUrl, name) {
  const drop = `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`;
  await withClient(adminUrl, (client) => client.query(drop));
}

/**
 * @template T
 * @param {string} url
 * @param {(client: pg.Client) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
