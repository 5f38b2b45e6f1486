import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RevokedKeysPurge } from '../../src/modules/api-keys/infrastructure/revoked-keys.purge.js';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

describe('revoked keys', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { REVOKED_KEY_RETENTION_DAYS: '30' } });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  async function revokedKey(days: number): Promise<CreatedKey> {
    const key = await owner.issueKey(applicationId, { credits: { remaining: 5 } });
    await verify(app, key.key);
    await owner.delete(`/apikey/${key.id}`).expect(204);
    await app.query('UPDATE api_keys SET revoked_at = now() - make_interval(days => $2) WHERE id = $1', [
      key.id,
      days,
    ]);
    return key;
  }

  function rowsOf({ id }: CreatedKey): Promise<unknown[]> {
    return app.query(
      `SELECT 'key' AS of FROM api_keys WHERE id = $1
       UNION ALL SELECT 'secret' FROM api_key_secrets WHERE api_key_id = $1
       UNION ALL SELECT 'balance' FROM credit_balances WHERE subject_id = $1`,
      [id],
    );
  }

  it('are deleted with all that is theirs when their retention is over, and no others are', async () => {
    const active = await owner.issueKey(applicationId);
    const disabled = await owner.issueKey(applicationId);
    await owner.patch(`/apikey/${disabled.id}`).send({ enabled: false }).expect(200);
    const [old, recent] = [await revokedKey(31), await revokedKey(29)];
    await app.query(
      `INSERT INTO api_keys
       SELECT (jsonb_populate_record(key, jsonb_build_object('id', gen_random_uuid()))).*
         FROM api_keys key, generate_series(1, 1200) WHERE key.id = $1`,
      [old.id],
    );

    await app.nest.get(RevokedKeysPurge, { strict: false }).run();

    expect(await rowsOf(old)).toEqual([]);
    expect(await rowsOf(recent)).toHaveLength(3);
    const { body } = await owner.get(`/apikey?ApplicationId=${applicationId}`).expect(200);
    expect((body.data as { id: string }[]).map(({ id }) => id).sort()).toEqual(
      [active, disabled, recent].map(({ id }) => id).sort(),
    );
    expect((await verify(app, old.key)).code).toBe('NOT_FOUND');
    expect((await verify(app, recent.key)).code).toBe('REVOKED');
    expect((await verify(app, active.key)).code).toBe('VALID');
    await owner.get(`/apikey/${old.id}`).expect(404);
  });
});
