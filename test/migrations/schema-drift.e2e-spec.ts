import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import configured from '../../ormconfig.js';
import { TestApp } from '../support/test-app.js';

describe('the entity schemas', () => {
  let app: TestApp;
  /** What the migration command line uses, on a migrated database. */
  let dataSource: DataSource;

  beforeAll(async () => {
    app = await TestApp.start();
    dataSource = new DataSource({
      ...configured.options,
      url: app.database.url,
    } as typeof configured.options);
    await dataSource.initialize();
    queryInTurns(dataSource);
  });

  afterAll(async () => {
    await dataSource.destroy();
    await app.stop();
  });

  it('agree with the migrated schema, so that generating a migration finds nothing to do', async () => {
    expect(await differences(dataSource)).toEqual([]);
  });

  it('are compared for real: a column, a check and a foreign key that drifted are each found', async () => {
    const { manager } = dataSource;
    await manager.query('ALTER TABLE applications ALTER COLUMN description SET NOT NULL');
    await manager.query('ALTER TABLE applications DROP CONSTRAINT applications_owner');
    await manager.query('ALTER TABLE api_keys DROP CONSTRAINT api_keys_application');
    const found = await differences(dataSource);
    // Back to what it was, for the tests that follow.
    for (const query of found) await manager.query(query);
    expect(found).toEqual([
      expect.stringContaining('"description" DROP NOT NULL'),
      expect.stringContaining('"applications_owner"'),
      expect.stringContaining('"api_keys_application"'),
    ]);
    expect(await differences(dataSource)).toEqual([]);
  });

  it('declare every index of their tables and no other, on the same columns', async () => {
    // TypeORM leaves these alone: it can express neither their order nor their INCLUDE.
    const declared = dataSource.entityMetadatas.flatMap((entity) =>
      entity.indices.map((index) => ({
        table: entity.tableName,
        name: index.name,
        unique: index.isUnique,
        partial: index.where !== undefined,
        columns: (index.givenColumnNames as string[]).map(
          (property) => entity.findColumnWithPropertyName(property)?.databaseName,
        ),
      })),
    );
    const existing: unknown[] = await dataSource.query(
      `SELECT t.relname AS table, c.relname AS name, i.indisunique AS unique, i.indpred IS NOT NULL AS partial,
              (SELECT json_agg(pg_get_indexdef(c.oid, n, true) ORDER BY n)
                 FROM generate_series(1, i.indnkeyatts) AS n) AS columns
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
        WHERE t.relname = ANY ($1)
          -- Primary keys and unique constraints are compared as such.
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u'))`,
      [dataSource.entityMetadatas.map(({ tableName }) => tableName)],
    );
    expect(byName(declared)).toEqual(byName(existing as typeof declared));
  });

  it('in ormconfig.ts are those that the running service maps', () => {
    const running = app.nest.get(DataSource).entityMetadatas;
    const tables = (metadatas: { tableName: string }[]): string[] =>
      metadatas.map(({ tableName }) => tableName).sort();
    expect(tables(dataSource.entityMetadatas)).toEqual(tables(running));
  });
});

/** TypeORM's schema builder asks many things at once on one connection, which pg 9 will refuse. */
function queryInTurns(dataSource: DataSource): void {
  const create = dataSource.createQueryRunner.bind(dataSource);
  dataSource.createQueryRunner = (mode) => {
    const runner = create(mode);
    const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
    let last: Promise<unknown> = Promise.resolve();
    runner.query = ((...args: unknown[]) => {
      const turn = last.then(() => query(...args));
      last = turn.catch(() => undefined);
      return turn;
    }) as typeof runner.query;
    return runner;
  };
}

/** What `typeorm migration:generate` would write. */
async function differences(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

function byName<T extends { name: string }>(items: T[]): T[] {
  return items.sort((a, b) => a.name.localeCompare(b.name));
}
