import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import request from 'supertest';
import { KeyHasher } from '../../src/modules/api-keys/index.js';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { TEST_PEPPERS, TestApp } from '../support/test-app.js';
import { WorkPerTurn } from '../support/work-per-turn.js';
import { AS_GATEWAY } from '../support/service-key.js';

const LIMIT = 1500;

describe('POST /apikey/import?ApplicationId=', () => {
  let app: TestApp;
  let owner: Client;
  let stranger: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_ACTIVE_KEYS_PER_APPLICATION: String(LIMIT) } });
    owner = await Client.signedIn(app);
    stranger = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  function importKeys(keys: object[], application = applicationId): request.Test {
    return owner.post(`/apikey/import?ApplicationId=${application}`).send({ keys });
  }

  function foreignKey(): { key: string; sha256: string } {
    const key = `sk_live_${randomBytes(18).toString('base64url')}`;
    return { key, sha256: sha256(key).toString('hex') };
  }

  it('takes keys over that verify as any other, by hex and by base64url', async () => {
    const [first, second] = [foreignKey(), foreignKey()];
    const { body } = await importKeys([
      { sha256: first.sha256, prefix: 'sk_live_', name: 'from before', scopes: ['a'], tags: ['old'] },
      { sha256: sha256(second.key).toString('base64url') },
    ]).expect(200);
    expect(body.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['imported', 'imported']);
    const { id } = body.results[0];
    expect(await verify(app, first.key, { scopes: ['a'], applicationId })).toMatchObject({
      valid: true,
      keyId: id,
      name: 'from before',
    });
    expect(await verify(app, second.key)).toMatchObject({ valid: true, keyId: body.results[1].id });
    const shown = await owner.get(`/apikey/${id}`).expect(200);
    expect(shown.body).toMatchObject({ hint: 'sk_live_…', tags: ['old'], status: 'active' });
    await request(app.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', first.key).expect(200);
  });

  it('says with dryRun what would become of each key, and does none of it', async () => {
    const [known, fresh] = [foreignKey(), foreignKey()];
    await importKeys([{ sha256: known.sha256 }]).expect(200);
    const keys = [known, fresh, fresh].map(({ sha256 }) => ({ sha256 }));
    const preview = (body: object): request.Test =>
      owner.post(`/apikey/import?ApplicationId=${applicationId}&dryRun=true`).send(body);
    const events = async (): Promise<unknown> =>
      (await owner.get(`/applications/${applicationId}/audit?limit=1`).expect(200)).body.data;
    const before = await events();

    const { body } = await preview({ keys }).expect(200);
    expect(body.results).toEqual([{ outcome: 'exists' }, { outcome: 'importable' }, { outcome: 'exists' }]);
    expect((await verify(app, fresh.key)).code).toBe('NOT_FOUND');
    expect(await events()).toEqual(before);
    // What would stop the import stops it.
    await preview({ keys: [{ sha256: fresh.sha256, expiresAt: '2020-01-01T00:00:00Z' }] }).expect(400);
    await stranger
      .post(`/apikey/import?ApplicationId=${applicationId}&dryRun=true`)
      .send({ keys })
      .expect(403);
    await owner.post(`/apikey/import?ApplicationId=${applicationId}&dryRun=maybe`).send({ keys }).expect(400);

    const imported = await importKeys(keys).expect(200);
    expect(imported.body.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'exists',
      'imported',
      'exists',
    ]);
  });

  it('ends, by importing, that a node remembers the key as unknown', async () => {
    const { key, sha256 } = foreignKey();
    const other = await TestApp.start({ database: app.database });
    try {
      for (const node of [app, other]) expect((await verify(node, key)).code).toBe('NOT_FOUND');
      await importKeys([{ sha256 }]).expect(200);
      for (const node of [app, other]) expect(await verify(node, key)).toMatchObject({ valid: true });
    } finally {
      await other.stop();
    }
  });

  it('lets such a key be revoked, and rotated into one of ours', async () => {
    const { key, sha256 } = foreignKey();
    const { body } = await importKeys([{ sha256 }]).expect(200);
    const { id } = body.results[0];
    const rotated = await owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 60 }).expect(200);
    expect(rotated.body).toMatch(/^upblit_live_/);
    for (const secret of [key, rotated.body as string]) {
      expect(await verify(app, secret)).toMatchObject({ valid: true, keyId: id });
    }
    await owner.delete(`/apikey/${id}`).expect(204);
    for (const secret of [key, rotated.body as string]) {
      expect(await verify(app, secret)).toEqual({ valid: false, code: 'REVOKED' });
    }
  });

  it('leaves a key alone that is here already, also a revoked one, and one named twice', async () => {
    const [known, fresh] = [foreignKey(), foreignKey()];
    const { body } = await importKeys([{ sha256: known.sha256 }]).expect(200);
    await owner.delete(`/apikey/${body.results[0].id}`).expect(204);
    const again = await importKeys([
      { sha256: known.sha256.toUpperCase() },
      { sha256: fresh.sha256 },
      { sha256: sha256(fresh.key).toString('base64url') },
    ]).expect(200);
    expect(again.body.results).toEqual([
      { outcome: 'exists' },
      { outcome: 'imported', id: expect.any(String) },
      { outcome: 'exists' },
    ]);
    expect(await verify(app, known.key)).toEqual({ valid: false, code: 'REVOKED' });
  });

  describe('of a key that another application has imported before', () => {
    const NOT_FOUND = { valid: false, code: 'NOT_FOUND' };

    /** Imported by a stranger, and then by us. */
    async function importedTwice(): Promise<{ key: string; theirs: string; ours: string }> {
      const { key, sha256 } = foreignKey();
      const theirs = await stranger.createApplication();
      for (const [client, application] of [
        [stranger, theirs],
        [owner, applicationId],
      ] as const) {
        const { body } = await client
          .post(`/apikey/import?ApplicationId=${application}`)
          .send({ keys: [{ sha256 }] })
          .expect(200);
        expect(body.results).toEqual([{ outcome: 'imported', id: expect.any(String) }]);
      }
      return { key, theirs, ours: applicationId };
    }

    it('leaves it to either, and who asks says which is meant', async () => {
      const { key, theirs, ours } = await importedTwice();
      for (const application of [theirs, ours]) {
        expect(await verify(app, key, { applicationId: application })).toMatchObject({
          valid: true,
          applicationId: application,
        });
      }
      expect(await verify(app, key, { applicationId: await owner.createApplication() })).toEqual(NOT_FOUND);
      expect(await verify(app, key)).toEqual(NOT_FOUND);
    });

    it('is told by the service key whose application it is', async () => {
      const { key, theirs, ours } = await importedTwice();
      for (const [client, application] of [
        [stranger, theirs],
        [owner, ours],
      ] as const) {
        const service = await client.issueServiceKey(application);
        const ask = (path: string): request.Test =>
          request(app.http).post(path).set('Authorization', `Bearer ${service.key}`);
        const { body } = await ask('/apikey/verify').send({ key }).expect(200);
        expect(body).toMatchObject({ valid: true, applicationId: application });
        const batch = await ask('/apikey/verify/batch')
          .send({ keys: [{ key }, { key, applicationId: theirs }, { key, applicationId: ours }] })
          .expect(200);
        expect(batch.body.results.map(({ valid }: { valid: boolean }) => valid)).toEqual([
          true,
          application === theirs,
          application === ours,
        ]);
        const gateway = await request(app.http)
          .get('/apikey/verify')
          .set({ 'X-Service-Key': service.key, 'x-api-key': key })
          .expect(200);
        expect(gateway.headers['x-application-id']).toBe(application);
      }
    });

    it('takes nothing from it: what one does with theirs concerns no other', async () => {
      const { key, theirs, ours } = await importedTwice();
      const { keyId } = await verify(app, key, { applicationId: theirs });
      await stranger.delete(`/apikey/${String(keyId)}`).expect(204);
      expect(await verify(app, key, { applicationId: theirs })).toEqual({ valid: false, code: 'REVOKED' });
      expect(await verify(app, key, { applicationId: ours })).toMatchObject({ valid: true });
    });

    it('ends, when it is answered, that a node takes it for the only one', async () => {
      const { key, sha256 } = foreignKey();
      const other = await TestApp.start({ database: app.database });
      try {
        await stranger
          .post(`/apikey/import?ApplicationId=${await stranger.createApplication()}`)
          .send({ keys: [{ sha256 }] })
          .expect(200);
        for (const node of [app, other]) expect(await verify(node, key)).toMatchObject({ valid: true });
        await importKeys([{ sha256 }]).expect(200);
        for (const node of [app, other]) expect(await verify(node, key)).toEqual(NOT_FOUND);
      } finally {
        await other.stop();
      }
    });

    it('is known though the hashes of the two are under different peppers', async () => {
      const { key, theirs, ours } = await importedTwice();
      const peppers = `${TEST_PEPPERS},2=${Buffer.alloc(32, 7).toString('base64url')}`;
      const newer = await TestApp.start({
        database: app.database,
        env: { API_KEY_PEPPERS: peppers, API_KEY_PEPPER_VERSION: '2' },
      });
      try {
        const { secretId } = await verify(newer, key, { applicationId: ours });
        await eventually(async () => {
          const moved = await app.query('SELECT pepper_version FROM api_key_secrets WHERE id = $1', [
            secretId,
          ]);
          expect(moved).toEqual([{ pepper_version: 2 }]);
        });
        expect(await verify(newer, key)).toEqual(NOT_FOUND);
        expect(await verify(newer, key, { applicationId: theirs })).toMatchObject({ applicationId: theirs });
      } finally {
        await newer.stop();
      }
    });
  });

  it('imports a key once, however many import it at once', async () => {
    const { sha256 } = foreignKey();
    const answers = await Promise.all(Array.from({ length: 5 }, () => importKeys([{ sha256 }]).expect(200)));
    const outcomes = answers.map(({ body }) => body.results[0].outcome as string);
    expect(outcomes.sort()).toEqual(['exists', 'exists', 'exists', 'exists', 'imported']);
  });

  it('keeps neither the key nor its SHA-256, and moves it to a new pepper when it is next seen', async () => {
    const { key, sha256: digest } = foreignKey();
    const { body } = await importKeys([{ sha256: digest }]).expect(200);
    const kept = (): Promise<unknown[]> =>
      app.query('SELECT hash, pepper_version FROM api_key_secrets WHERE api_key_id = $1', [
        body.results[0].id,
      ]);
    const [before] = (await kept()) as { hash: Buffer }[];
    expect(before!.hash.toString('hex')).not.toBe(digest);
    // Who has read the table and knows the SHA-256 has no key in it.
    expect((await verify(app, Buffer.from(digest, 'hex').toString('latin1'))).code).toBe('NOT_FOUND');
    const peppers = `${TEST_PEPPERS},2=${Buffer.alloc(32, 7).toString('base64url')}`;
    const newer = await TestApp.start({
      database: app.database,
      env: { API_KEY_PEPPERS: peppers, API_KEY_PEPPER_VERSION: '2' },
    });
    try {
      expect(await verify(newer, key)).toMatchObject({ valid: true });
      await eventually(async () => {
        expect(await kept()).toEqual([{ hash: expect.anything(), pepper_version: 2 }]);
      });
    } finally {
      await newer.stop();
    }
  });

  it('takes a thousand at once, all or none within the limit of the application', async () => {
    const fresh = await owner.createApplication();
    const thousand = (): object[] =>
      Array.from({ length: 1000 }, (_, i) => ({ sha256: foreignKey().sha256, name: `imported ${i}` }));
    const { body } = await importKeys(thousand(), fresh).expect(200);
    expect(body.results).toHaveLength(1000);
    const refused = await importKeys(thousand(), fresh);
    expect([refused.status, refused.body.code]).toEqual([409, 'api_key_limit_reached']);
    const [{ count }] = (await app.query('SELECT count(*)::int FROM api_keys WHERE application_id = $1', [
      fresh,
    ])) as [{ count: number }];
    expect(count).toBe(1000);
    expect((await importKeys([...thousand(), { sha256: foreignKey().sha256 }])).status).toBe(400);
  });

  it('lets others have their turn while it hashes a thousand', async () => {
    const hasher = app.nest.get(KeyHasher, { strict: false });
    const work = new WorkPerTurn();
    const hashDigest = hasher.hashDigest.bind(hasher);
    hasher.hashDigest = (digest) => {
      work.count();
      return hashDigest(digest);
    };
    try {
      const keys = Array.from({ length: 1000 }, () => ({ sha256: foreignKey().sha256 }));
      await importKeys(keys, await owner.createApplication()).expect(200);
    } finally {
      hasher.hashDigest = hashDigest;
      work.stop();
    }
    expect(work.total).toBe(1000);
    expect(work.most).toBeLessThanOrEqual(50);
  });

  it('is for those who manage the keys of the application', async () => {
    const keys = [{ sha256: foreignKey().sha256 }];
    const refused = await stranger.post(`/apikey/import?ApplicationId=${applicationId}`).send({ keys });
    expect([refused.status, refused.body.code]).toEqual([403, 'not_application_owner']);
    const unknown = await importKeys(keys, UNKNOWN_ID);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'application_not_found']);
  });

  it.each([
    { keys: [] },
    { keys: [{}] },
    { keys: [{ sha256: 'abc' }] },
    { keys: [{ sha256: 'g'.repeat(64) }] },
    { keys: [{ sha256: `${'A'.repeat(42)}B` }] },
    { keys: [{ sha256: 'a'.repeat(64), prefix: 'upblit_live_' }] },
    { keys: [{ sha256: 'a'.repeat(64), prefix: 'with space' }] },
    { keys: [{ sha256: 'a'.repeat(64), key: 'sk_live_x' }] },
    { keys: [{ sha256: 'a'.repeat(64), expiresAt: '2020-01-01T00:00:00Z' }] },
    { keys: [null] },
    {},
  ])('refuses %p, and imports nothing', async (body) => {
    const response = await owner.post(`/apikey/import?ApplicationId=${applicationId}`).send(body);
    expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
  });
});

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
