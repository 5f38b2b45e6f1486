import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const ROOT = new URL('../../', import.meta.url);
/** Called by nodes of the version before, while nodes of this one start beside them. */
const FORMER = ['give_back_rate_limits', 'take_turn_to_activate', 'take_turn_to_issue'];

const files = readdirSync(new URL('src/modules/', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.sql'))
  .map((path) => ({
    path,
    name: /functions\/(\w+)\.sql$/.exec(path)?.[1] ?? 'not in a folder of functions',
    text: readFileSync(new URL(`src/modules/${path}`, ROOT), 'utf8'),
  }));

describe('The files of SQL functions', () => {
  let database: TestDatabase;
  let postgres: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    postgres = new Client({ connectionString: database.url });
    await postgres.connect();
  });

  afterAll(async () => {
    await postgres.end();
    await database.drop();
  });

  it('are all the functions there are, one each', async () => {
    const { rows } = await postgres.query<{ name: string }>(
      `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
    );
    expect(rows.map(({ name }) => name).sort()).toEqual([...files.map(({ name }) => name), ...FORMER].sort());
  });

  it.each(files)('$path says what the migrations have made', async ({ name, text }) => {
    const migrated = await definition(postgres, name);
    await postgres.query('BEGIN');
    try {
      await postgres.query(text);
      expect(await definition(postgres, name)).toBe(migrated);
    } finally {
      await postgres.query('ROLLBACK');
    }
  });

  it.each(files)('$path is read by one migration', ({ path, name }) => {
    const module = path.split('/')[0];
    const readers = readdirSync(new URL('migrations/', ROOT)).filter((migration) =>
      readFileSync(new URL(`migrations/${migration}`, ROOT), 'utf8').includes(
        `sqlFunction('${module}/${name}', `,
      ),
    );
    expect(readers).toHaveLength(1);
  });
});

/** Without the indentation, which older migrations have set differently. */
async function definition(postgres: Client, name: string): Promise<string | undefined> {
  const { rows } = await postgres.query<{ definition: string }>(
    `SELECT regexp_replace(pg_get_functiondef(oid), '^\\s+', '', 'gn') AS definition
       FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname = $1`,
    [name],
  );
  return rows.map((row) => row.definition).join('\n');
}
