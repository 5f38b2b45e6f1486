import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { Client, verify } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PgBouncer } from '../support/pgbouncer.js';
import { TestApp } from '../support/test-app.js';

const ROOT = join(import.meta.dirname, '../..');

let database: TestDatabase;
/** Of PostgreSQL itself. */
let url: string;
let postgres: PostgresClient;
afterEach(async () => {
  await postgres.end();
  await database.drop();
});

async function createDatabase(options: { migrated: boolean }): Promise<void> {
  database = await createTestDatabase(options);
  url = database.directUrl!;
  postgres = new PostgresClient({ connectionString: url });
  await postgres.connect();
}

describe('a service behind a pooler that has two connections', () => {
  let pooler: PgBouncer;
  let apps: TestApp[];
  let lines: string[];
  beforeEach(async () => {
    await createDatabase({ migrated: true });
    pooler = await PgBouncer.before(url, { default_pool_size: '2' });
    apps = [];
    lines = [];
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.stop()));
    await pooler.stop();
  });

  async function start(directUrl: string): Promise<TestApp> {
    const app = await TestApp.start({
      database: { url: pooler.urlOf(url), directUrl, drop: () => Promise.resolve() },
      env: { LOG_LEVEL: 'info' },
      log: { write: (line) => void lines.push(line) },
    });
    apps.push(app);
    return app;
  }

  it('answers every call of a crowd as it should', async () => {
    const nodes = [await start(url), await start(url)];
    const owner = await Client.signedIn(nodes[0]!);
    const applications = await Promise.all(Array.from({ length: 5 }, () => owner.createApplication()));
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const { id, key } = await owner.issueKey(applications[i % 5]!, {
          rateLimits: [{ name: 'r', limit: 100, windowSeconds: 60 }],
        });
        for (const node of nodes) expect(await verify(node, key)).toMatchObject({ code: 'VALID' });
        await owner.delete(`/apikey/${id}`).expect(204);
        for (const node of nodes) expect(await verify(node, key)).toMatchObject({ code: 'REVOKED' });
      }),
    );
  });

  it('says once in the log that there is one, and warns of nothing', async () => {
    const app = await start(url);
    await Promise.all(Array.from({ length: 20 }, () => app.query('SELECT pg_sleep(0.01)')));
    expect(lines.filter((line) => line.includes('connection pooler'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('DATABASE_DIRECT_URL'))).toEqual([]);
  });

  it('listens on no connection of the pooler, warns of it once, and revokes all the same', async () => {
    const through = pooler.urlOf(url);
    const nodes = [await start(through), await start(through)];
    const owner = await Client.signedIn(nodes[0]!);
    const { id, key } = await owner.issueKey(await owner.createApplication());
    for (const node of nodes) expect(await verify(node, key)).toMatchObject({ code: 'VALID' });
    await owner.delete(`/apikey/${id}`).expect(204);
    for (const node of nodes) expect(await verify(node, key)).toMatchObject({ code: 'REVOKED' });

    // Each node warns by itself.
    expect(lines.filter((line) => line.includes('DATABASE_DIRECT_URL'))).toHaveLength(2);
    const listening = await postgres.query(
      "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    expect(listening.rows).toEqual([]);
    const channels = await Promise.all(
      Array.from({ length: 2 }, () => apps[0]!.query('SELECT pg_listening_channels(), pg_sleep(0.1)')),
    );
    expect(channels.flat()).toEqual([]);
  });
});

describe('migrations through a pooler', () => {
  let pooler: PgBouncer;
  beforeEach(async () => {
    await createDatabase({ migrated: false });
    pooler = await PgBouncer.before(url);
  });
  afterEach(() => pooler.stop());

  it('leave no lock behind, and take turns', async () => {
    const through = pooler.urlOf(url);
    const runs = await Promise.all([migrate(through), migrate(through), migrate(url)]);
    expect(runs.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await locks()).toEqual([]);
  });

  it('that are killed do not hang the next ones', async () => {
    const through = pooler.urlOf(url);
    await migrate(through);
    // They have their own lock then, and wait for this one.
    await postgres.query('BEGIN; LOCK TABLE migrations');
    const killed = spawn(
      process.execPath,
      [
        '--import',
        pathToFileURL(join(ROOT, 'test/support/typescript.mjs')).href,
        '--input-type=module',
        '--eval',
        `const { migrate } = await import(${JSON.stringify(pathToFileURL(join(ROOT, 'src/infrastructure/database/migrate.ts')).href)});
         await migrate(${JSON.stringify(through)});`,
      ],
      { stdio: 'inherit' },
    );
    const ended = once(killed, 'exit');
    await eventually(async () => {
      expect(await locks()).toHaveLength(1);
    }, 60_000);
    killed.kill('SIGKILL');
    await ended;
    await postgres.query('ROLLBACK');

    expect(await migrate(through, { lockTimeoutMs: 30_000 })).toEqual([]);
    expect(await locks()).toEqual([]);
  });

  async function locks(): Promise<unknown[]> {
    const { rows } = await postgres.query(
      `SELECT pid FROM pg_locks JOIN pg_database ON database = pg_database.oid
        WHERE locktype = 'advisory' AND datname = current_database()`,
    );
    return rows;
  }
});
