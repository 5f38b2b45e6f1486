import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { UnitOfWork } from '../../src/shared/unit-of-work.js';
import { actor } from '../support/actors.js';
import { ApiKeyRepository } from '../../src/modules/api-keys/domain/api-key.repository.js';
import { EndedSecretsPurge } from '../../src/modules/api-keys/infrastructure/ended-secrets.purge.js';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

describe('secrets that have ended', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  async function rotate({ id }: CreatedKey, body: object = {}): Promise<string> {
    const response = await owner.post(`/apikey/${id}/rotate`).send(body).expect(200);
    return response.body as string;
  }

  /** As so many rotations leave them, half of them with an overlap. */
  async function insertEnded({ id }: CreatedKey, count: number, days: number): Promise<void> {
    await app.query(
      `INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, hint, created_at, expires_at, revoked_at)
       SELECT gen_random_uuid(), $1::uuid, sha256(uuid_send($1::uuid) || int4send(n) || int4send($3::integer)), 1, 'ended', at,
              CASE WHEN n % 2 = 0 THEN at END, CASE WHEN n % 2 = 1 THEN at END
         FROM generate_series(1, $2::integer) n, LATERAL (SELECT now() - make_interval(days => $3::integer) AS at) ended`,
      [id, count, days],
    );
  }

  function secretsOf({ id }: CreatedKey): Promise<unknown[]> {
    return app.query('SELECT id, xmin::text FROM api_key_secrets WHERE api_key_id = $1 ORDER BY id', [id]);
  }

  it('do not slow a change of their key down, and are not written again, were there 10,000 of them', async () => {
    const key = await owner.issueKey(applicationId);
    await insertEnded(key, 10_000, 1);
    const before = await secretsOf(key);
    await owner.patch(`/apikey/${key.id}`).send({ enabled: false }).expect(200);
    expect(await verify(app, key.key)).toEqual({ valid: false, code: 'DISABLED' });
    await owner.patch(`/apikey/${key.id}`).send({ enabled: true }).expect(200);
    expect(await secretsOf(key)).toEqual(before);
    const secret = await rotate(key);
    expect(await verify(app, key.key)).toEqual({ valid: false, code: 'REVOKED' });
    expect(await verify(app, secret)).toMatchObject({ valid: true, keyId: key.id });
    const { body } = await owner.get(`/apikey/${key.id}`).expect(200);
    expect(body.secrets).toHaveLength(1);
  });

  it('may be ended again while they are kept, whatever ended them', async () => {
    const key = await owner.issueKey(applicationId);
    const { secretId: first } = await verify(app, key.key);
    const { secretId: second } = await verify(app, await rotate(key));
    await rotate(key, { overlapSeconds: 3600 });
    await app.query('UPDATE api_key_secrets SET expires_at = now() WHERE id = $1', [second]);
    for (const id of [first, second, second]) {
      await owner.delete(`/apikey/${key.id}/secrets/${String(id)}`).expect(204);
    }
  });

  it('leave the newest one’s hint to a key that has no other', async () => {
    const key = await owner.issueKey(applicationId);
    const second = await rotate(key, { overlapSeconds: 3600 });
    const { secretId } = await verify(app, second);
    await owner.delete(`/apikey/${key.id}/secrets/${String(secretId)}`).expect(204);
    await app.query(
      `UPDATE api_key_secrets SET expires_at = now() - interval '31 days'
        WHERE api_key_id = $1 AND revoked_at IS NULL`,
      [key.id],
    );
    await app.nest.get(EndedSecretsPurge, { strict: false }).run();
    const { body } = await owner.get(`/apikey/${key.id}`).expect(200);
    expect([body.hint, body.secrets]).toEqual([`upblit_live_…${second.slice(-4)}`, []]);
    expect(await secretsOf(key)).toHaveLength(2);
    expect(await verify(app, await rotate(key))).toMatchObject({ valid: true, keyId: key.id });
  });

  it('are deleted when their retention of 30 days is over, and no others', async () => {
    const [key, other] = [await owner.issueKey(applicationId), await owner.issueKey(applicationId)];
    const second = await rotate(key, { overlapSeconds: 3600 });
    for (const each of [key, other]) {
      await insertEnded(each, 600, 31);
      await insertEnded(each, 10, 29);
    }
    await app.nest.get(EndedSecretsPurge, { strict: false }).run();
    expect(await secretsOf(key)).toHaveLength(12);
    expect(await secretsOf(other)).toHaveLength(11);
    for (const secret of [key.key, second, other.key]) {
      expect(await verify(app, secret)).toMatchObject({ valid: true });
    }
  });

  it('and those that work keep the hash that a verification has given them while their key was changed', async () => {
    const key = await owner.issueKey(applicationId);
    const repository = app.nest.get(ApiKeyRepository, { strict: false });
    const found = (await repository.find(key.id, 0)).value!;
    const hash = randomBytes(32);
    await app.query('UPDATE api_key_secrets SET hash = $2, pepper_version = 2 WHERE api_key_id = $1', [
      key.id,
      hash,
    ]);
    found.change({ name: 'another name' }, { scopes: null }, new Date());
    found.secrets[0]!.endAt(new Date(Date.now() + 60_000));
    const { change } = await app.nest
      .get(UnitOfWork)
      .run(actor(owner.userId), (tx) => repository.update(found, undefined, tx));
    expect(change).not.toBeNull();
    expect(
      await app.query(
        `SELECT hash, pepper_version, expires_at IS NULL AS endless FROM api_key_secrets WHERE api_key_id = $1`,
        [key.id],
      ),
    ).toEqual([{ hash, pepper_version: 2, endless: false }]);
  });
});
