import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Test } from 'supertest';
import { Client, UNKNOWN_ID } from '../support/builders.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';
import { TestApp } from '../support/test-app.js';
import { comparable, postVerify } from '../support/verify-post.js';

describe('with VERIFY_ANONYMOUS, whoever has no service key', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let id: string;
  let key: string;
  let metered: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { VERIFY_ANONYMOUS: 'true' } });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
    const settings = {
      name: 'secret name',
      scopes: ['a:read'],
      metadata: { plan: 'gold' },
      externalId: '42',
    };
    ({ id, key } = await owner.issueKey(applicationId, settings));
    const limits = {
      rateLimits: [{ name: 'minute', limit: 5, windowSeconds: 60 }],
      credits: { remaining: 3 },
    };
    metered = (await owner.issueKey(applicationId, limits)).key;
    await owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 60 }).expect(200);
  });
  afterAll(() => app.stop());

  const ask = (body: object): Test => request(app.http).post('/apikey/verify').send(body);
  const gateway = (query: object): Test =>
    request(app.http).get('/apikey/verify').query(query).set('x-api-key', key);

  it('is told what possession of the key lets them see, and nothing else', async () => {
    const seen = {
      valid: true,
      code: 'VALID',
      keyId: id,
      applicationId,
      environment: 'live',
      scopes: ['a:read'],
      expiresAt: null,
    };
    const { body, headers } = await ask({ key, applicationId }).expect(200);
    expect(body).toEqual(seen);
    expect(headers.sunset).toBeUndefined();
    const batch = await request(app.http)
      .post('/apikey/verify/batch')
      .send({ keys: [{ key, applicationId }] })
      .expect(200);
    expect(batch.body).toEqual({ results: [seen] });
    const answer = await gateway({ ApplicationId: applicationId }).expect(200);
    expect(answer.headers).toMatchObject({
      'x-key-id': id,
      'x-application-id': applicationId,
      'x-key-scopes': 'a:read',
    });
    expect(answer.headers['x-owner-id']).toBeUndefined();
    expect(answer.headers.sunset).toBeUndefined();
  });

  it('is told the same on the fast path and on the slow one', async () => {
    for (const question of [{ key, applicationId }, { key }, { key, applicationId, cost: 2 }]) {
      const body = JSON.stringify(question);
      await postVerify(app.port, { body, path: 'slow', isAnonymous: true });
      const [fast, slow] = [
        await postVerify(app.port, { body, path: 'fast', isAnonymous: true }),
        await postVerify(app.port, { body, path: 'slow', isAnonymous: true }),
      ];
      expect(comparable(fast)).toEqual(comparable(slow));
    }
  });

  it('has to name the application, whose keys alone are found', async () => {
    const refused = (field: string): object => ({
      code: 'validation_failed',
      errors: [{ field, message: 'is required without a service key' }],
    });
    expect((await ask({ key }).expect(400)).body).toMatchObject(refused('applicationId'));
    expect((await gateway({}).expect(400)).body).toMatchObject(refused('ApplicationId'));
    const batch = request(app.http).post('/apikey/verify/batch');
    const keys = [{ key, applicationId }, { key }];
    expect((await batch.send({ keys }).expect(400)).body).toMatchObject(refused('keys.1.applicationId'));
    expect((await ask({ key, applicationId: UNKNOWN_ID })).body).toEqual({ valid: false, code: 'NOT_FOUND' });
    await gateway({ ApplicationId: UNKNOWN_ID }).expect(401);
  });

  it('spends what one use costs, and is told nothing of limits and balances', async () => {
    for (const cost of [2, 100_000]) {
      const { body } = await ask({ key: metered, applicationId, cost }).expect(400);
      expect(body.errors).toEqual([{ field: 'cost', message: 'must be 0 or 1 without a service key' }]);
    }
    await gateway({ ApplicationId: applicationId, cost: '2' }).expect(400);
    for (const cost of [0, 1, undefined, 1]) {
      const { body, headers } = await ask({ key: metered, applicationId, cost }).expect(200);
      expect(body.valid).toBe(true);
      expect([body.credits, body.rateLimits, headers.ratelimit]).toEqual([undefined, undefined, undefined]);
    }
    const { body, headers } = await ask({ key: metered, applicationId }).expect(200);
    expect(body).toEqual({ valid: false, code: 'USAGE_EXCEEDED' });
    expect(headers['x-credits-remaining']).toBeUndefined();
  });

  it('is not taken for one by showing a bad one', async () => {
    const bad = { Authorization: `Bearer upblit_service_${'0'.repeat(36)}` };
    await ask({ key, applicationId }).set(bad).expect(401);
    await gateway({ ApplicationId: applicationId }).set('X-Service-Key', 'bad').expect(401);
  });

  it('is one of two kinds: who has one is told everything', async () => {
    const { body } = await ask({ key, cost: 5 }).set(AS_SERVICE).expect(200);
    expect(body).toMatchObject({ name: 'secret name', ownerId: owner.userId, metadata: { plan: 'gold' } });
    const { headers } = await gateway({}).set(AS_GATEWAY).expect(200);
    expect(headers['x-owner-id']).toBe(owner.userId);
  });
});
