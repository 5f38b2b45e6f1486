import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Pool } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/infrastructure/database/data-source.js';
import { poolerOf, poolOf } from '../../src/infrastructure/database/pool.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { PgBouncer } from '../support/pgbouncer.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const STATEMENT_TIMEOUT_MS = 1234;

let database: TestDatabase;
/** Of PostgreSQL itself. */
let url: string;
beforeAll(async () => {
  database = await createTestDatabase();
  url = database.directUrl!;
});
afterAll(() => database.drop());

/** Opens the service's pool, and says how often it has told of a pooler. */
async function open(
  url: string,
  poolSize = 4,
): Promise<{ dataSource: DataSource; pool: Pool; found: () => number }> {
  let found = 0;
  const options = dataSourceOptions({
    url,
    poolSize,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    poolWaitMs: 30_000,
  });
  const dataSource = await new DataSource(options).initialize();
  poolerOf(dataSource).whenFound(() => {
    found += 1;
  });
  return { dataSource, pool: poolOf(dataSource), found: () => found };
}

describe('a pooler', () => {
  it.each([
    ['in transaction mode', { pool_mode: 'transaction' }],
    [
      'that has one connection, which everybody is lent',
      { pool_mode: 'transaction', default_pool_size: '1' },
    ],
    ['in session mode', { pool_mode: 'session' }],
  ])('%s is recognized, and told of once', async (_, settings) => {
    const pooler = await PgBouncer.before(url, settings);
    const { dataSource, pool, found } = await open(pooler.urlOf(url));
    try {
      await Promise.all(Array.from({ length: 20 }, () => pool.query('SELECT 1')));
      expect(found()).toBe(1);
    } finally {
      await dataSource.destroy();
      await pooler.stop();
    }
  });

  it('is not seen where there is none, nor in a proxy that only passes on what it gets', async () => {
    const { proxy, url: proxied } = await TcpProxy.before(url);
    for (const direct of [url, proxied]) {
      const { dataSource, pool, found } = await open(direct);
      await Promise.all(Array.from({ length: 20 }, () => pool.query('SELECT pg_sleep(0.01)')));
      expect(found()).toBe(0);
      await dataSource.destroy();
    }
    await proxy.stop();
  });
});

describe('behind a pooler', () => {
  let pooler: PgBouncer;
  let dataSource: DataSource;
  let pool: Pool;
  beforeAll(async () => {
    pooler = await PgBouncer.before(url, { default_pool_size: '2' });
    ({ dataSource, pool } = await open(pooler.urlOf(url)));
  });
  afterAll(async () => {
    await dataSource.destroy();
    await pooler.stop();
  });

  it('statements that were given names can be sent by everybody, and leave none behind', async () => {
    const named = { name: 'a_name', text: 'SELECT $1::int AS number' };
    const numbers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => (await pool.query({ ...named, values: [i] })).rows[0]),
    );
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, number) => ({ number })));
    expect((await pool.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([]);
  });

  it.each([
    ['a statement with parameters', "SELECT current_setting('statement_timeout') AS ms, $1::int AS one", [1]],
    ['a statement without', "SELECT current_setting('statement_timeout') AS ms, 1 AS one", undefined],
  ])('the time of %s is limited, and of no other', async (_, text, values) => {
    expect((await pool.query(text, values)).rows).toEqual([{ ms: '1234ms', one: 1 }]);
    await expectNothingLeft();
  });

  it.each([
    ['with parameters', 'SELECT pg_sleep($1)', [30]],
    ['without', 'SELECT pg_sleep(30)', undefined],
  ])('a statement %s that takes too long is ended by the server', async (_, text, values) => {
    await expect(pool.query(text, values)).rejects.toMatchObject({ code: '57014' });
    await expectNothingLeft();
  });

  it.each([
    ['with parameters', 'SELECT pg_sleep($1)', [30]],
    ['without', 'SELECT pg_sleep(30)', undefined],
  ])(
    'a statement %s that has less time than others is given up when that is over',
    async (_, text, values) => {
      const hasty = { text, ...(values && { values }), query_timeout: STATEMENT_TIMEOUT_MS / 10 };
      await expect(pool.query(hasty)).rejects.toThrow('Query read timeout');
      await expectNothingLeft();
    },
  );

  it('a transaction is limited from its beginning, and idles no longer than it may', async () => {
    await dataSource
      .transaction(async (manager) => {
        expect(
          await manager.query(
            "SELECT current_setting('statement_timeout') AS a, current_setting('idle_in_transaction_session_timeout') AS b",
          ),
        ).toEqual([{ a: '1234ms', b: '1234ms' }]);
        await expect(manager.query('SELECT pg_sleep($1)', [30])).rejects.toMatchObject({ code: '57014' });
      })
      .catch((error: unknown) => {
        expect(error).toMatchObject({ code: '25P02' });
      });
    await expectNothingLeft();
  });

  it('a transaction may still be given its isolation first', async () => {
    await dataSource.transaction('SERIALIZABLE', async (manager) => {
      expect(await manager.query('SHOW transaction_isolation')).toEqual([
        { transaction_isolation: 'serializable' },
      ]);
    });
  });

  it('answers are those of the statement alone', async () => {
    await pool.query('CREATE TABLE things (id int PRIMARY KEY)');
    const inserted = await pool.query('INSERT INTO things SELECT generate_series(1, $1::int)', [3]);
    expect(inserted).toMatchObject({ command: 'INSERT', rowCount: 3, rows: [] });
    const empty = await pool.query('SELECT id FROM things WHERE id > $1', [3]);
    expect(empty).toMatchObject({ command: 'SELECT', rowCount: 0, rows: [] });
    expect(await pool.query('SELECT id FROM things')).toMatchObject({ command: 'SELECT', rowCount: 3 });
    const several = await pool.query('SELECT 1 AS a; SELECT 2 AS b');
    expect(several).toMatchObject([{ rows: [{ a: 1 }] }, { rows: [{ b: 2 }] }]);
    await expect(pool.query('INSERT INTO things VALUES ($1)', [1])).rejects.toMatchObject({ code: '23505' });
    await expect(pool.query('SELECT')).resolves.toMatchObject({ rowCount: 1 });
    await expect(dataSource.query('DELETE FROM things WHERE id = $1', [2])).resolves.toEqual([[], 1]);
  });

  /** What anybody else is lent has the server's own settings. */
  async function expectNothingLeft(): Promise<void> {
    const other = new Client({ connectionString: pooler.urlOf(url) });
    await other.connect();
    const { rows } = await other.query(
      "SELECT current_setting('statement_timeout') AS a, current_setting('idle_in_transaction_session_timeout') AS b",
    );
    await other.end();
    expect(rows).toEqual([{ a: '0', b: '0' }]);
  }
});

describe('without a pooler', () => {
  let dataSource: DataSource;
  let pool: Pool;
  let found: () => number;
  beforeAll(async () => {
    ({ dataSource, pool, found } = await open(url, 1));
  });
  afterAll(() => dataSource.destroy());

  it('named statements are prepared once, and time-outs are of the session', async () => {
    for (const number of [1, 2]) {
      await pool.query({ name: 'kept', text: 'SELECT $1::int', values: [number] });
    }
    expect((await pool.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([{ name: 'kept' }]);
    expect((await pool.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '1234ms' }]);
    expect((await pool.query('SHOW idle_in_transaction_session_timeout')).rows).toEqual([
      { idle_in_transaction_session_timeout: '1234ms' },
    ]);
  });

  it('a prepared statement of somebody else betrays a pooler that was not recognized', async () => {
    await pool.query('PREPARE taken AS SELECT 2');
    const statement = { name: 'taken', text: 'SELECT $1::int AS number', values: [1] };
    await expect(pool.query(statement)).rejects.toMatchObject({ code: '42P05' });
    expect(found()).toBe(1);
    expect((await pool.query(statement)).rows).toEqual([{ number: 1 }]);
  });
});
