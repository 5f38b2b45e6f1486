import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Test } from 'supertest';
import { Client, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

describe('/apikey/self', () => {
  let app: TestApp;
  let other: TestApp;
  let owner: Client;
  let applicationId: string;
  let key: string;
  let id: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { TRUST_PROXY: 'loopback' } });
    other = await TestApp.start({ database: app.database });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });
  beforeEach(async () => {
    ({ key, id } = await owner.issueKey(applicationId, { name: 'collector' }));
  });

  const describeSelf = (presented: string, node = app): Test =>
    request(node.http).get('/apikey/self').set('x-api-key', presented);
  const giveUp = (presented: string, node = app): Test =>
    request(node.http).delete('/apikey/self').set('x-api-key', presented);

  describe('tells the holder of a key', () => {
    it('what may be known of it, and nothing of its application or of who manages it', async () => {
      const response = await describeSelf(key).expect(200);
      expect(response.body).toEqual({
        keyId: id,
        applicationId,
        name: 'collector',
        environment: 'live',
        hint: `upblit_live_…${key.slice(-4)}`,
        scopes: [],
        status: 'active',
        expiresAt: null,
        rateLimits: [],
        credits: null,
      });
      expect(response.headers['cache-control']).toBe('no-store');
    });

    it('its limits and credits as they stand, of which nothing is counted or spent', async () => {
      await owner
        .patch(`/apikey/${id}`)
        .send({
          rateLimits: [{ name: 'burst', limit: 2, windowSeconds: 600 }],
          credits: { remaining: 10 },
        })
        .expect(200);
      expect(await verify(app, key, { cost: 3 })).toMatchObject({ valid: true });
      for (let time = 0; time < 3; time += 1) {
        const { body } = await describeSelf(key).expect(200);
        expect(body.credits).toEqual({ remaining: 7 });
        expect(body.rateLimits).toEqual([
          { name: 'burst', limit: 2, windowSeconds: 600, remaining: 1, resetSeconds: expect.any(Number) },
        ]);
      }
      expect(await verify(app, key)).toMatchObject({ valid: true });
      expect(await verify(app, key)).toMatchObject({ code: 'RATE_LIMITED' });
    });

    it('nothing of what it shares with the other keys of its application', async () => {
      const shared = await owner.createApplication();
      await owner
        .patch(`/applications/${shared}/limits`)
        .send({
          rateLimits: [{ name: 'all', limit: 5, windowSeconds: 60 }],
          credits: { remaining: 100 },
        })
        .expect(200);
      const { body } = await describeSelf((await owner.issueKey(shared)).key).expect(200);
      expect(body).toMatchObject({ rateLimits: [], credits: null });
    });

    it('that it is disabled, has been replaced, or is revoked', async () => {
      await owner.patch(`/apikey/${id}`).send({ enabled: false }).expect(200);
      expect((await describeSelf(key).expect(200)).body.status).toBe('disabled');
      await owner.patch(`/apikey/${id}`).send({ enabled: true }).expect(200);
      const { body: next } = await owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 3600 });
      const { body: old } = await describeSelf(key).expect(200);
      expect(old).toMatchObject({ status: 'active', hint: `upblit_live_…${key.slice(-4)}` });
      expect(Date.parse(old.expiresAt as string)).toBeGreaterThan(Date.now());
      expect((await describeSelf(next as string).expect(200)).body.expiresAt).toBeNull();
      await owner.delete(`/apikey/${id}`).expect(204);
      expect((await describeSelf(next as string).expect(200)).body.status).toBe('revoked');
    });
  });

  describe('lets the holder give it up', () => {
    it('so that no node accepts it, again and again', async () => {
      for (const node of [app, other]) expect(await verify(node, key)).toMatchObject({ valid: true });
      await giveUp(key).expect(204);
      for (const node of [other, app]) expect(await verify(node, key)).toMatchObject({ code: 'REVOKED' });
      await giveUp(key, other).expect(204);
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      expect(body).toMatchObject({ status: 'revoked', revokedBy: id, revokedByIssuer: 'api-key' });
    });

    it('from an address that it may not be used from', async () => {
      await owner
        .patch(`/apikey/${id}`)
        .send({ ipAllowlist: ['192.0.2.1'] })
        .expect(200);
      const { body } = await describeSelf(key).expect(403);
      expect(body).toMatchObject({ code: 'address_not_allowed' });
      await giveUp(key).expect(204);
      expect(await verify(app, key, { ip: '192.0.2.1' })).toMatchObject({ code: 'REVOKED' });
    });

    it('and not one who holds a secret that does not work any more', async () => {
      const { body: next } = await owner.post(`/apikey/${id}/rotate`).send({}).expect(200);
      await giveUp(key).expect(204);
      expect(await verify(app, next as string)).toMatchObject({ valid: true });
    });
  });

  it.each(['get', 'delete'] as const)('refuses a %s that shows no key, or no good one', async (method) => {
    const call = (): Test => request(app.http)[method]('/apikey/self');
    const service = await owner.issueServiceKey(applicationId);
    const refusals = [
      [call(), 401, 'missing_api_key'],
      [call().set('x-api-key', `${key}x`), 401, 'invalid_api_key'],
      [call().set('x-api-key', service.key), 401, 'invalid_api_key'],
      [call().set('x-api-key', key).set('Authorization', `Bearer ${key}`), 400, 'multiple_credentials'],
      [call().query({ key }), 400, 'key_in_query'],
      [call().set('x-api-key', key).query({ applicationId }), 400, 'validation_failed'],
      [call().set('Authorization', `Bearer ${owner.caller.accessToken}`), 401, 'missing_api_key'],
    ] as const;
    for (const [test, status, code] of refusals) {
      const response = await test;
      expect([response.status, response.body.code]).toEqual([status, code]);
      expect(response.text).not.toContain(key);
    }
    expect(await verify(app, key)).toMatchObject({ valid: true });
  });

  it('counts calls by address', async () => {
    const strict = await TestApp.start({
      database: app.database,
      env: { TRUST_PROXY: 'loopback', AUTH_RATE_LIMIT_PER_ADDRESS: '3' },
    });
    try {
      const from = (address: string): Test => describeSelf(key, strict).set('X-Forwarded-For', address);
      await from('198.51.100.1').expect(200);
      await giveUp('no key', strict).set('X-Forwarded-For', '198.51.100.1').expect(401);
      await from('198.51.100.1').expect(200);
      const { body } = await from('198.51.100.1').expect(429);
      expect(body).toMatchObject({ code: 'too_many_requests' });
      await from('198.51.100.2').expect(200);
    } finally {
      await strict.stop();
    }
  });
});
