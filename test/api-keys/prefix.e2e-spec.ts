import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

/** The nodes of one installation whose prefix is changed, as they follow each other. */
describe('the prefix of keys', () => {
  let before: TestApp;
  let after: TestApp;
  let careless: TestApp;
  let owner: Client;
  let applicationId: string;
  let former: CreatedKey;
  let fresh: CreatedKey;
  let machine: CreatedKey;

  beforeAll(async () => {
    before = await TestApp.start();
    const database = before.database;
    after = await TestApp.start({
      database,
      env: { API_KEY_PREFIX: 'acme', API_KEY_PREVIOUS_PREFIXES: 'upblit' },
    });
    careless = await TestApp.start({ database, env: { API_KEY_PREFIX: 'acme' } });
    owner = new Client(after, (await Client.signedIn(before)).caller);
    applicationId = await owner.createApplication();
    former = await new Client(before, owner.caller).issueKey(applicationId);
    fresh = await owner.issueKey(applicationId);
    machine = await owner.issueServiceKey(applicationId);
  });
  afterAll(async () => {
    await careless.stop();
    await after.stop();
    await before.stop();
  });

  it('is that of new keys, of what comes of a rotation, and of service keys', async () => {
    expect(fresh.key).toMatch(/^acme_live_[0-9A-Za-z]{36}$/);
    expect(machine.key).toMatch(/^acme_service_[0-9A-Za-z]{36}$/);
    const { id, key } = await new Client(before, owner.caller).issueKey(applicationId, {
      environment: 'test',
    });
    const { body } = await owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 60 }).expect(200);
    expect(body).toMatch(/^acme_test_[0-9A-Za-z]{36}$/);
    const shown = (await owner.get(`/apikey/${id}`).expect(200)).body as { hint: string };
    expect(shown.hint).toBe(`acme_test_…${String(body).slice(-4)}`);
    for (const secret of [key, String(body)]) {
      expect(await verify(after, secret)).toMatchObject({ valid: true, keyId: id });
    }
  });

  it('is known wherever a key is presented, and so is a former one', async () => {
    for (const { id, key } of [fresh, former]) {
      expect(await verify(after, key)).toMatchObject({ valid: true, keyId: id });
      const asGateway = request(after.http).get('/apikey/verify').set('X-Service-Key', machine.key);
      const passed = await asGateway.set('Authorization', `Bearer ${key}`).expect(200);
      expect(passed.headers['x-key-id']).toBe(id);
      const self = await request(after.http).get('/apikey/self').set('x-api-key', key).expect(200);
      expect(self.body).toMatchObject({ keyId: id });
      const inQuery = await request(after.http)
        .get(`/apikey/verify?x=${key}`)
        .set('X-Service-Key', machine.key)
        .expect(400);
      expect(inQuery.body.code).toBe('key_in_query');
      expect(inQuery.text).not.toContain(key.slice(-8));
    }
  });

  it('lets a service key in, to verify and to manage', async () => {
    const manager = await owner.issueServiceKey(applicationId, { name: 'CI', scopes: ['apikeys:read'] });
    await request(after.http)
      .get(`/apikey?ApplicationId=${applicationId}`)
      .set('Authorization', `Bearer ${manager.key}`)
      .expect(200);
    const { body } = await request(careless.http)
      .post('/apikey/verify')
      .set('Authorization', `Bearer ${machine.key}`)
      .send({ key: fresh.key })
      .expect(200);
    expect(body).toMatchObject({ valid: true, keyId: fresh.id });
  });

  it('that nobody has named is no key of ours, and that of keys made here is none of an imported one', async () => {
    const { body } = await request(careless.http)
      .post('/apikey/verify')
      .set('Authorization', `Bearer ${machine.key}`)
      .send({ key: former.key })
      .expect(200);
    expect(body).toEqual({ valid: false, code: 'NOT_FOUND' });
    const importWith = (prefix: string): request.Test =>
      owner
        .post(`/apikey/import?ApplicationId=${applicationId}`)
        .send({ keys: [{ sha256: 'a'.repeat(64) }, { sha256: 'b'.repeat(64), prefix }] });
    for (const prefix of ['acme_live_', 'upblit_']) {
      const refused = await importWith(prefix).expect(400);
      expect(refused.body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'keys.1.prefix' }] });
    }
    await importWith('acme').expect(200);
  });
});
