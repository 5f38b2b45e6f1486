import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { commitStatement } from '../../src/infrastructure/database/commit.js';
import { dataSourceOptions } from '../../src/infrastructure/database/data-source.js';
import { poolOf } from '../../src/infrastructure/database/pool.js';
import { PooledClient } from '../../src/infrastructure/database/pooled-client.js';
import { fromDatabaseError } from '../../src/infrastructure/database/postgres-errors.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const POOL_SIZE = 5;
const STATEMENT_TIMEOUT = 200;

describe('A pool of connections', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    const proxied = await TcpProxy.before(database.url);
    proxy = proxied.proxy;
    dataSource = await new DataSource({
      ...dataSourceOptions({
        url: proxied.url,
        poolSize: POOL_SIZE,
        statementTimeoutMs: STATEMENT_TIMEOUT,
      }),
      poolErrorHandler: () => undefined,
    }).initialize();
    await dataSource.query('CREATE TABLE notes (text text)');
  });

  afterAll(async () => {
    await dataSource.destroy();
    await proxy.stop();
    await database.drop();
  });

  const pid = async (): Promise<number> =>
    (await poolOf(dataSource).query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;

  it('keeps a connection that comes back idle', async () => {
    expect(await pid()).toBe(await pid());
  });

  it.each([
    ['in an open transaction', ['BEGIN']],
    ['in a transaction that has failed', ['BEGIN', 'SELECT 1 / 0']],
  ])(
    'destroys one that comes back %s, so that the next statement commits by itself',
    async (_, statements) => {
      const client = await poolOf(dataSource).connect();
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      for (const statement of statements) await client.query(statement).catch(() => undefined);
      client.release();

      expect(await pid()).not.toBe(rows[0]!.pid);
      await poolOf(dataSource).query("INSERT INTO notes VALUES ('stays')");
      const elsewhere = new PooledClient({ connectionString: database.url });
      await elsewhere.connect();
      const { rowCount } = await elsewhere.query("DELETE FROM notes WHERE text = 'stays'");
      await elsewhere.end();
      expect(rowCount).toBe(1);
    },
  );

  it('destroys one that comes back in the middle of a statement', async () => {
    const client = await poolOf(dataSource).connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const running = client.query('SELECT pg_sleep(0.1)').catch(fromDatabaseError);
    client.release();

    expect(await running).toMatchObject({ code: 'service_unavailable' });
    expect(await pid()).not.toBe(rows[0]!.pid);
  });

  it('destroys one that has said that its COMMIT is in doubt, whatever is answered after that', async () => {
    const client = await poolOf(dataSource).connect();
    const notice = { code: '01000', routine: 'SyncRepWaitForLSN', message: 'canceling wait' };
    client.emit('notice', notice);
    const answer: unknown = await client.query('SELECT 1').catch((error: unknown) => error);
    client.release();
    expect(answer).toMatchObject({ code: '08007' });
    // Behind a pooler another connection may lead to the same process of the server.
    const next = await poolOf(dataSource).connect();
    next.release();
    expect(next).not.toBe(client);
  });

  it('sends nothing more over one on which a statement was not answered in time, though it is answered later', async () => {
    const client = await poolOf(dataSource).connect();
    const hasty = { text: 'SELECT pg_sleep(0.1)', query_timeout: 20 };
    const answers = await Promise.allSettled([
      client.query(hasty),
      client.query("INSERT INTO notes VALUES ('late')"),
    ]);
    client.release();
    expect(answers).toMatchObject([
      { reason: { message: 'Query read timeout' } },
      { status: 'rejected', reason: expect.any(Error) },
    ]);
    await sleep(STATEMENT_TIMEOUT);
    expect(await dataSource.query('SELECT * FROM notes')).toEqual([]);
  });

  it('does not take a statement for committed that has left a transaction open', async () => {
    await expect(commitStatement(poolOf(dataSource), 'BEGIN', [])).rejects.toThrow('not committed');
  });

  it('replaces every swallowed connection after one statement was not answered', async () => {
    const clients = await Promise.all(Array.from({ length: POOL_SIZE }, () => poolOf(dataSource).connect()));
    for (const client of clients) client.release();
    proxy.swallowExisting();

    await expect(dataSource.query('SELECT 1')).rejects.toThrow(/timeout/);
    for (let i = 0; i < POOL_SIZE; i++)
      expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    proxy.cut();
  });

  it('uses no connection again whose transaction was not answered, nor its ROLLBACK', async () => {
    const failed = dataSource
      .transaction(async (manager) => {
        await manager.query("INSERT INTO notes VALUES ('lost')");
        proxy.hold();
        await manager.query('SELECT 1');
      })
      .catch(fromDatabaseError);
    expect(await failed).toMatchObject({ code: 'service_unavailable' });
    await proxy.restore();
    await sleep(STATEMENT_TIMEOUT);
    expect(await dataSource.query('SELECT * FROM notes')).toEqual([]);
  });

  it('takes a COMMIT that was answered by ROLLBACK for the failure it is', async () => {
    const failed = dataSource.transaction(async (manager) => {
      await manager.query("INSERT INTO notes VALUES ('lost')");
      await manager.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(failed).rejects.toThrow('not committed the transaction');
    expect(await dataSource.query('SELECT * FROM notes')).toEqual([]);
  });
});
