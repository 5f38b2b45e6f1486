import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { dataSourceOptions } from '../../src/infrastructure/database/data-source.js';
import { migrate, revertLastMigration } from '../../src/infrastructure/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { readCatalog } from './catalog.js';

describe('migrations', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase({ migrated: false });
  });

  afterEach(async () => {
    await database.drop();
  });

  it('can each be taken back, to exactly the schema that was there before', async () => {
    const before: string[][] = [];
    for (const [index, migration] of migrations.entries()) {
      before.push(await readCatalog(database.url));
      await runOnly(database.url, migrations.slice(0, index + 1));
      expect({ migration: migration.name, changed: await readCatalog(database.url) }).not.toEqual({
        migration: migration.name,
        changed: before[index],
      });
    }
    for (const [index, migration] of [...migrations.entries()].reverse()) {
      await revertLastMigration(database.url);
      expect({ migration: migration.name, left: await readCatalog(database.url) }).toEqual({
        migration: migration.name,
        left: before[index],
      });
    }
  });

  it('make the same schema again after all of them were taken back', async () => {
    const empty = await readCatalog(database.url);
    await migrate(database.url);
    const migrated = await readCatalog(database.url);

    for (const _ of migrations) await revertLastMigration(database.url);
    expect(await readCatalog(database.url)).toEqual(empty);

    await migrate(database.url);
    expect(await readCatalog(database.url)).toEqual(migrated);
  });

  it('run once each, in order, when several nodes start at once', async () => {
    const nodes = await Promise.all(Array.from({ length: 5 }, () => migrate(database.url)));
    const [ran, ...waited] = nodes.sort((a, b) => b.length - a.length);
    expect(ran).toEqual(migrations.map(({ name }) => name));
    expect(waited.flat()).toEqual([]);
  });
});

/** Runs what is missing of these migrations, as a version of the product that had no others would. */
async function runOnly(url: string, some: typeof migrations): Promise<void> {
  const dataSource = new DataSource({ ...dataSourceOptions({ url, poolSize: 1 }), migrations: some });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}
