import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { migrations } from '../../migrations/index.js';
import { SchemaError } from '../../src/infrastructure/database/check-schema.js';
import { migrate, revertLastMigration } from '../../src/infrastructure/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { readCatalog } from './catalog.js';

describe('taking the newest migration back', () => {
  let database: TestDatabase;
  let owner: Client;
  let asked: string[][];
  beforeEach(async () => {
    asked = [];
    database = await createTestDatabase();
    owner = new Client({ connectionString: database.url });
    await owner.connect();
    // Of this one it is known what it drops.
    while (migrations[migrations.length - taken - 1]!.name !== 'PendingKeyRevocations1764000002610') {
      await revertLastMigration(database.url);
      taken += 1;
    }
  });
  let taken = 0;
  afterEach(async () => {
    taken = 0;
    await owner.end();
    await database.drop();
  });

  const answering =
    (answer: boolean) =>
    (tables: string[]): boolean => {
      asked.push(tables);
      return answer;
    };

  async function fillTable(): Promise<void> {
    await owner.query(
      'ALTER TABLE pending_key_revocations DROP CONSTRAINT pending_key_revocations_application',
    );
    await owner.query(`INSERT INTO pending_key_revocations VALUES (gen_random_uuid(), now(), 'i', 's')`);
  }

  it('says which one it was, and asks nobody when no row is lost', async () => {
    expect(await revertLastMigration(database.url, { confirmLoss: answering(false) })).toEqual({
      name: 'PendingKeyRevocations1764000002610',
      isDone: true,
    });
    expect(asked).toEqual([]);
  });

  it('asks before tables go that have rows, and changes nothing when the answer is no', async () => {
    await fillTable();
    const before = await readCatalog(database.url);
    expect(await revertLastMigration(database.url, { confirmLoss: answering(false) })).toMatchObject({
      isDone: false,
    });
    expect(asked).toEqual([['pending_key_revocations']]);
    expect(await readCatalog(database.url)).toEqual(before);
    expect((await owner.query('SELECT FROM pending_key_revocations')).rowCount).toBe(1);
  });

  it('drops them when the answer is yes', async () => {
    await fillTable();
    expect(await revertLastMigration(database.url, { confirmLoss: answering(true) })).toMatchObject({
      isDone: true,
    });
    await expect(owner.query('SELECT FROM pending_key_revocations')).rejects.toMatchObject({ code: '42P01' });
  });

  it('says that there is nothing when nothing was migrated', async () => {
    const empty = await createTestDatabase({ migrated: false });
    try {
      expect(await revertLastMigration(empty.url)).toBeUndefined();
    } finally {
      await empty.drop();
    }
  });

  it('is not done, and neither is migrating, where a newer version has migrated', async () => {
    await owner.query(`INSERT INTO migrations (timestamp, name) VALUES (9, 'FromTheFuture9')`);
    await expect(revertLastMigration(database.url)).rejects.toThrow(SchemaError);
    await expect(migrate(database.url)).rejects.toThrow(/FromTheFuture9/);
  });
});
