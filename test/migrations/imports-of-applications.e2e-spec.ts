import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { migrations } from '../../migrations/index.js';
import { migrate, revertLastMigration } from '../../src/infrastructure/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const MIGRATION = 'ImportsOfApplications1764000003210';

describe(MIGRATION, () => {
  let database: TestDatabase;
  let owner: Client;
  /** Each is imported later than the one before it. */
  let seconds = 0;
  beforeEach(async () => {
    database = await createTestDatabase();
    owner = new Client({ connectionString: database.url });
    await owner.connect();
  });
  afterEach(async () => {
    await owner.end();
    await database.drop();
  });

  async function takeBack(): Promise<void> {
    const newer = migrations.length - migrations.findIndex(({ name }) => name === MIGRATION);
    for (let i = 0; i < newer; i += 1) await revertLastMigration(database.url);
  }

  /** As the version before imports a key: it names no application beside the hash. */
  async function importKey(hash: Buffer): Promise<{ applicationId: string; keyId: string }> {
    const [applicationId, keyId] = [randomUUID(), randomUUID()];
    await owner.query(
      `INSERT INTO applications (id, name, environment, owner_issuer, owner_subject, created_at, updated_at, version)
       VALUES ($1, 'an application', 'production', 'local', 'somebody', now(), now(), 1)`,
      [applicationId],
    );
    await owner.query(
      `INSERT INTO api_keys (id, application_id, name, environment, scopes, metadata, enabled, created_at,
                             created_by_issuer, created_by_subject, version, tags, ip_allowlist, rate_limits, metered)
       VALUES ($1, $2, 'imported', 'live', '{}', '{}', true, now(), 'local', 'somebody', 1, '{}', '{}', '[]', false)`,
      [keyId, applicationId],
    );
    await owner.query(
      `INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, hint, created_at, imported)
       VALUES (gen_random_uuid(), $1, $2, 1, 'sk_…', to_timestamp($3), true)`,
      [keyId, hash, (seconds += 1)],
    );
    return { applicationId, keyId };
  }

  async function importers(hash: Buffer): Promise<string[]> {
    const { rows } = await owner.query<{ imported_for: string }>(
      'SELECT imported_for FROM api_key_secrets WHERE hash = $1 ORDER BY created_at',
      [hash],
    );
    return rows.map((row) => row.imported_for);
  }

  it('names the application of what was imported before, and of what nodes of the version before go on importing', async () => {
    const [before, after] = [randomBytes(32), randomBytes(32)];
    await takeBack();
    const first = await importKey(before);
    await migrate(database.url);
    const second = await importKey(after);
    expect(await importers(before)).toEqual([first.applicationId]);
    expect(await importers(after)).toEqual([second.applicationId]);
  });

  it('lets several applications have a hash, and each of them once', async () => {
    const hash = randomBytes(32);
    const { keyId } = await importKey(hash);
    await importKey(hash);
    const again = owner.query(
      `INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, hint, created_at, imported)
       VALUES (gen_random_uuid(), $1, $2, 1, 'sk_…', now(), true)`,
      [keyId, hash],
    );
    await expect(again).rejects.toMatchObject({ constraint: 'api_key_secrets_hash' });
  });

  it('leaves a hash, when it is taken back, to the application that was the first to import it', async () => {
    const hash = randomBytes(32);
    const first = await importKey(hash);
    const second = await importKey(hash);
    await takeBack();
    const { rows } = await owner.query<{ id: string }>('SELECT id FROM api_keys WHERE id = ANY ($1)', [
      [first.keyId, second.keyId],
    ]);
    expect(rows).toEqual([{ id: first.keyId }]);
    const secrets = await owner.query('SELECT api_key_id FROM api_key_secrets WHERE hash = $1', [hash]);
    expect(secrets.rows).toEqual([{ api_key_id: first.keyId }]);
  });
});
