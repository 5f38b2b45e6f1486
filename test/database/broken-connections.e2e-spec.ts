import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/infrastructure/database/data-source.js';
import { poolOf } from '../../src/infrastructure/database/pool.js';
import { fromDatabaseError } from '../../src/infrastructure/database/postgres-errors.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('A connection that breaks', () => {
  let database: TestDatabase;
  let admin: Client;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
    dataSource = await new DataSource({
      ...dataSourceOptions({ url: database.url, poolSize: 1 }),
      poolErrorHandler: () => undefined,
    }).initialize();
  });

  afterAll(async () => {
    await dataSource.destroy();
    await admin.end();
    await database.drop();
  });

  it('in the moment in which nobody listens to it does not end the process, and is not used again', async () => {
    // Handed out, and its receiver has not had its turn yet.
    const client = (await poolOf(dataSource).connect()) as PoolClient & { processID: number };
    expect(client.listenerCount('error')).toBeGreaterThan(0);
    await terminate(client.processID, () => client.query('SELECT 1'));
    client.release();

    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('in the middle of a transaction makes it fail as one that can be repeated', async () => {
    const failed = dataSource
      .transaction(async (manager) => {
        const [{ pid }] = await manager.query<[{ pid: number }]>('SELECT pg_backend_pid() AS pid');
        await terminate(pid, () => manager.query('SELECT 1'));
        await manager.query('SELECT 1');
      })
      .catch(fromDatabaseError);

    expect(await failed).toMatchObject({ code: 'service_unavailable' });
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  /** Ends a session of the database, and returns when its client has noticed. */
  async function terminate(pid: number, use: () => Promise<unknown>): Promise<void> {
    await admin.query('SELECT pg_terminate_backend($1, 5000)', [pid]);
    await expect(use()).rejects.toThrow();
  }
});
