import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { parseEnv } from '../../src/config/env.js';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { openDatabase, type OpenDatabase } from '../../src/infrastructure/database/open-database.js';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/infrastructure/embedded-postgres/index.js';

/** Making a cluster is a second of work, which a machine that runs other tests beside may draw out. */
jest.setTimeout(180_000);

/** A row that has to be there still. */
const NODE = randomUUID();

describe('a data directory of a version with one role', () => {
  let dataDir: string;
  let opened: OpenDatabase | undefined;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'upblit-role-'));
    await chmod(dataDir, 0o711);
    const before = await startEmbeddedPostgres({ dataDir, log: () => undefined });
    await migrate(before.url);
    const owner = new Client({ connectionString: before.url });
    await owner.connect();
    await owner.query('INSERT INTO freshness_nodes (id, lease_ms) VALUES ($1, 1000)', [NODE]);
    await owner.end();
    await before.stop();
  });
  afterEach(async () => {
    await opened?.close();
    await removeEmbeddedPostgres(dataDir);
    await rm(dataDir, { recursive: true });
  });

  it('is served by a role that owns nothing from the next start on, and from each later one', async () => {
    const env = parseEnv({ DATA_DIR: dataDir });
    const passwords = new Set<string>();
    for (let i = 0; i < 2; i += 1) {
      opened = await openDatabase(env, () => undefined);
      passwords.add(new URL(opened.url).password);
      const client = new Client({ connectionString: opened.url });
      await client.connect();
      const { rows } = await client.query(
        `SELECT current_user::text AS role, rolsuper AS mighty, (SELECT id FROM freshness_nodes) AS node
           FROM pg_roles WHERE rolname = current_user`,
      );
      expect(rows).toEqual([{ role: 'upblit_service', mighty: false, node: NODE }]);
      await expect(client.query(`COPY users TO PROGRAM 'cat'`)).rejects.toMatchObject({ code: '42501' });
      await client.end();
      await opened.close();
    }
    // It is kept nowhere.
    expect(passwords.size).toBe(2);
  });
});
