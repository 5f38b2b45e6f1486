import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client as Postgres } from 'pg';
import { DataSource } from 'typeorm';
import { ChangeNumbers1764000002500 } from '../../migrations/1764000002500-change-numbers.js';
import { migrations } from '../../migrations/index.js';
import { dataSourceOptions } from '../../src/infrastructure/database/data-source.js';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { Client, verify } from '../support/builders.js';
import { createTestDatabase, SERVING_ROLE, type TestDatabase } from '../support/database.js';
import { insertServiceKey } from '../support/service-key.js';
import { TestApp } from '../support/test-app.js';

const NODE = randomUUID();

describe('The migration to numbers that come from no clock', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  beforeEach(async () => {
    database = await createTestDatabase({ migrated: false });
    const older = migrations.slice(0, migrations.indexOf(ChangeNumbers1764000002500));
    const dataSource = new DataSource({
      ...dataSourceOptions({ url: database.url, poolSize: 1 }),
      migrations: older,
    });
    await dataSource.initialize();
    await dataSource.runMigrations();
    await dataSource.destroy();
    postgres = new Postgres({ connectionString: database.url });
    await postgres.connect();
  });

  afterEach(async () => {
    await postgres.end();
    await database.drop();
  });

  it('goes on from the last number, and waits for the leases that were held', async () => {
    await changesUpTo(1_764_000_000_000_000);
    await migrate(database.url);
    expect(await lastNumber()).toBe(1_764_000_000_000_000);
    const { rows } = await postgres.query(
      'SELECT id, renewal::int, applied::float8, lease_ms FROM freshness_nodes JOIN freshness_renewals ON node = id',
    );
    expect(rows).toEqual([{ id: NODE, renewal: 7, applied: 1_764_000_000_000_000, lease_ms: 1000 }]);
    const { rows: proofs } = await postgres.query(
      `SELECT count(*)::int AS proofs, count(DISTINCT number)::int AS numbers, count(DISTINCT id)::int AS ids
         FROM key_changes WHERE kind = 'proof'`,
    );
    expect(proofs).toEqual([{ proofs: 3, numbers: 3, ids: 3 }]);
  });

  it('heals a database whose clock was in a distant year for a moment: revocations hold on every node', async () => {
    // In 2264. From here on JavaScript takes two neighbours for one.
    await changesUpTo(9_290_000_000_000_001n);
    await migrate(database.url, { servingRole: SERVING_ROLE });
    expect(await lastNumber()).toBe(1);
    const { rows } = await postgres.query('SELECT applied::int FROM freshness_renewals');
    expect(rows).toEqual([{ applied: 1 }]);
    await postgres.query('DELETE FROM freshness_renewals; DELETE FROM freshness_nodes');

    await insertServiceKey(database.url);
    const app = await TestApp.start({ database });
    const other = await TestApp.start({ database });
    try {
      const owner = await Client.signedIn(app);
      const applicationId = await owner.createApplication();
      for (let i = 0; i < 8; i += 1) {
        const { id, key } = await owner.issueKey(applicationId);
        expect(await verify(other, key)).toMatchObject({ valid: true });
        await owner.delete(`/apikey/${id}`).expect(204);
        expect(await verify(other, key)).toEqual({ valid: false, code: 'REVOKED' });
      }
      expect(await lastNumber()).toBe(9);
    } finally {
      await other.stop();
      await app.stop();
    }
  });

  /** As the nodes of the version before have left it. */
  async function changesUpTo(number: number | bigint): Promise<void> {
    await postgres.query('UPDATE key_change_counter SET number = $1', [number]);
    await postgres.query(
      `INSERT INTO key_changes (number, kind, id)
       SELECT $1::bigint, 'api_key', gen_random_uuid() FROM generate_series(1, 2)
       UNION ALL SELECT $1::bigint - 1, 'api_key', gen_random_uuid()`,
      [number],
    );
    await postgres.query('INSERT INTO freshness_nodes VALUES ($1, 7, $2, 1000, now())', [NODE, number]);
  }

  async function lastNumber(): Promise<number> {
    const { rows } = await postgres.query('SELECT number FROM key_change_counter');
    return Number((rows[0] as { number: string }).number);
  }
});
