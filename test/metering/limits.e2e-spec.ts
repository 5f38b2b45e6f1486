import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';
import { TestApp } from '../support/test-app.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

const LIMITED = { valid: false, code: 'RATE_LIMITED' };
const PER_MINUTE = { name: 'minute', limit: 2, windowSeconds: 60 };

describe('rate limits', () => {
  const clock = new FakeClock();
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start({ clock });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  const gateway = (key: string): request.Test =>
    request(app.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', key);

  describe('of a key', () => {
    it('let as many verifications through as they say, and then say when the next one passes', async () => {
      const { key } = await owner.issueKey(applicationId, { rateLimits: [PER_MINUTE] });
      expect(await verify(app, key)).toMatchObject({
        valid: true,
        rateLimits: [{ name: 'minute', limit: 2, windowSeconds: 60, remaining: 1, resetSeconds: 60 }],
      });
      clock.advance(10_500);
      expect(await verify(app, key)).toMatchObject({ valid: true });
      const response = await request(app.http)
        .post('/apikey/verify')
        .set(AS_SERVICE)
        .send({ key })
        .expect(200);
      expect(response.body).toEqual({
        ...LIMITED,
        retryAfterSeconds: 50,
        rateLimits: [{ name: 'minute', limit: 2, windowSeconds: 60, remaining: 0, resetSeconds: 50 }],
      });
      expect(response.headers['retry-after']).toBe('50');
      clock.advance(49_499);
      expect(await verify(app, key)).toMatchObject(LIMITED);
      clock.advance(1);
      expect(await verify(app, key)).toMatchObject({ valid: true });
    });

    it('stand in the RateLimit fields of every answer, and refuse a gateway with 429', async () => {
      const rateLimits = [PER_MINUTE, { name: 'Per-day_v1', limit: 100, windowSeconds: 86_400, cost: 10 }];
      const { key } = await owner.issueKey(applicationId, { rateLimits });
      const policy = '"minute";q=2;w=60, "Per-day_v1";q=100;w=86400';
      const good = await gateway(key).expect(200);
      expect(good.headers['ratelimit-policy']).toBe(policy);
      expect(good.headers.ratelimit).toBe('"minute";r=1;t=60, "Per-day_v1";r=90;t=86400');
      const asked = await request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key });
      expect(asked.headers.ratelimit).toBe('"minute";r=0;t=60, "Per-day_v1";r=80;t=86400');
      const refused = await gateway(key).expect(429);
      expect(refused.headers['content-type']).toMatch('application/problem+json');
      expect(refused.body).toMatchObject({ code: 'rate_limited', status: 429 });
      expect(refused.headers).toMatchObject({
        'retry-after': '60',
        'ratelimit-policy': policy,
        ratelimit: '"minute";r=0;t=60, "Per-day_v1";r=80;t=86400',
        'cache-control': 'no-store',
      });
    });

    it('do not count what is refused for any other reason, nor what they refuse themselves', async () => {
      const { id, key } = await owner.issueKey(applicationId, { rateLimits: [PER_MINUTE], scopes: ['a'] });
      for (let i = 0; i < 3; i++) {
        expect(await verify(app, key, { scopes: ['b'] })).toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' });
        expect(await verify(app, key, { applicationId: UNKNOWN_ID })).toMatchObject({ code: 'NOT_FOUND' });
      }
      for (let i = 0; i < 2; i++) expect(await verify(app, key)).toMatchObject({ valid: true });
      for (let i = 0; i < 5; i++) expect(await verify(app, key)).toMatchObject(LIMITED);
      expect(await verify(app, key, { scopes: ['b'] })).toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' });
      await owner.patch(`/apikey/${id}`).send({ enabled: false }).expect(200);
      expect(await verify(app, key)).toEqual({ valid: false, code: 'DISABLED' });
    });

    it('recover under steady traffic', async () => {
      const { key } = await owner.issueKey(applicationId, {
        rateLimits: [{ name: 'ten', limit: 10, windowSeconds: 10 }],
      });
      for (let i = 0; i < 50; i++) {
        expect(await verify(app, key)).toMatchObject({ valid: true });
        clock.advance(1000);
      }
    });

    it('can be changed, keep what they have counted, and can be lifted', async () => {
      const { id, key } = await owner.issueKey(applicationId, { rateLimits: [PER_MINUTE] });
      for (let i = 0; i < 2; i++) await verify(app, key);
      const wider = { ...PER_MINUTE, limit: 3, cost: 1 };
      const { body } = await owner
        .patch(`/apikey/${id}`)
        .send({ rateLimits: [wider] })
        .expect(200);
      expect(body.rateLimits).toEqual([wider]);
      expect(await verify(app, key)).toMatchObject({ valid: true, rateLimits: [{ remaining: 0 }] });
      expect(await verify(app, key)).toMatchObject(LIMITED);
      await owner.patch(`/apikey/${id}`).send({ rateLimits: [] }).expect(200);
      const free = await verify(app, key);
      expect(free).toMatchObject({ valid: true });
      expect(free).not.toHaveProperty('rateLimits');
    });

    it('stay with the key through a rotation', async () => {
      const { id, key } = await owner.issueKey(applicationId, { rateLimits: [PER_MINUTE] });
      await verify(app, key);
      const rotated = await owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 100 }).expect(200);
      expect(await verify(app, rotated.body as string)).toMatchObject({ valid: true });
      expect(await verify(app, rotated.body as string)).toMatchObject(LIMITED);
      expect(await verify(app, key)).toMatchObject(LIMITED);
    });

    it('are counted key by key in a batch', async () => {
      const first = await owner.issueKey(applicationId, { rateLimits: [PER_MINUTE] });
      const second = await owner.issueKey(applicationId, { rateLimits: [PER_MINUTE] });
      const keys = [first.key, first.key, second.key, first.key].map((key) => ({ key }));
      const { body } = await request(app.http)
        .post('/apikey/verify/batch')
        .set(AS_SERVICE)
        .send({ keys })
        .expect(200);
      const codes = (body.results as { code: string }[]).map(({ code }) => code);
      expect(codes).toEqual(['VALID', 'VALID', 'VALID', 'RATE_LIMITED']);
    });

    it.each([
      { rateLimits: { ...PER_MINUTE } },
      { rateLimits: null },
      { rateLimits: [PER_MINUTE, PER_MINUTE] },
      { rateLimits: [1, 2, 3, 4, 5, 6].map((n) => ({ ...PER_MINUTE, name: `n${n}` })) },
      { rateLimits: [{ ...PER_MINUTE, windowSeconds: 0 }] },
      { rateLimits: [{ ...PER_MINUTE, windowSeconds: 1e9 }] },
      { rateLimits: [{ ...PER_MINUTE, limit: 0 }] },
      { rateLimits: [{ ...PER_MINUTE, limit: 1.5 }] },
      { rateLimits: [{ ...PER_MINUTE, limit: 1e300 }] },
      { rateLimits: [{ ...PER_MINUTE, cost: -1 }] },
      { rateLimits: [{ ...PER_MINUTE, cost: 3 }] },
      { rateLimits: [{ ...PER_MINUTE, name: 'a b' }] },
      { rateLimits: [{ ...PER_MINUTE, name: '"' }] },
      { rateLimits: [{ ...PER_MINUTE, burst: 1 }] },
      { rateLimits: [null] },
      { rateLimits: [[]] },
    ])('are not %j', async (body) => {
      const { id } = await owner.issueKey(applicationId);
      for (const response of [
        await owner.post(`/apikey?ApplicationId=${applicationId}`).send(body),
        await owner.patch(`/apikey/${id}`).send(body),
        await owner.patch(`/applications/${applicationId}/limits`).send(body),
      ]) {
        expect([response.status, response.body.errors?.[0]?.field]).toEqual([400, 'rateLimits']);
      }
    });
  });

  /** As they stand in a body: JSON has no NaN, but a client may. */
  const NO_NUMBERS = ['NaN', 'Infinity', '-1', '0', '0.5', '1e10', '1e400', '"1"', 'null', 'true', '[1]'];

  it.each(['limit', 'windowSeconds', 'cost'])('have integers within bounds for their %s', async (field) => {
    const good = { name: 'raw', limit: 10, windowSeconds: 60, cost: 1 };
    const { id } = await owner.issueKey(applicationId, { rateLimits: [good] });
    const changeTo = (number: string): request.Test =>
      owner
        .patch(`/apikey/${id}`)
        .set('Content-Type', 'application/json')
        .send(JSON.stringify({ rateLimits: [{ ...good, [field]: '?' }] }).replace('"?"', number));
    for (const number of NO_NUMBERS) expect([number, (await changeTo(number)).status]).toEqual([number, 400]);
    const { body } = await owner.get(`/apikey/${id}`).expect(200);
    expect(body.rateLimits).toEqual([good]);
  });

  it('may be as large, as long and as costly as they get', async () => {
    const largest = { name: 'x'.repeat(50), limit: 1e9, windowSeconds: 2_678_400, cost: 1e9 };
    const { key } = await owner.issueKey(applicationId, { rateLimits: [largest] });
    expect(await verify(app, key)).toMatchObject({ valid: true, rateLimits: [{ remaining: 0 }] });
    expect(await verify(app, key)).toMatchObject({ ...LIMITED, retryAfterSeconds: 2_678_400 });
  });

  describe('of an application', () => {
    let shared: string;

    beforeAll(async () => {
      shared = await owner.createApplication();
    });

    it('are shared by all its keys, and counted only together with the limits of the key', async () => {
      const first = await owner.issueKey(shared, { rateLimits: [{ ...PER_MINUTE, limit: 1 }] });
      const second = await owner.issueKey(shared);
      const { body } = await owner
        .patch(`/applications/${shared}/limits`)
        .send({ rateLimits: [{ ...PER_MINUTE, limit: 3 }] })
        .expect(200);
      expect(body).toEqual({ rateLimits: [{ ...PER_MINUTE, limit: 3, cost: 1 }], credits: null });
      expect(await verify(app, first.key)).toMatchObject({
        valid: true,
        rateLimits: [
          { name: 'minute', limit: 1, remaining: 0 },
          { name: 'application:minute', limit: 3, remaining: 2 },
        ],
      });
      for (let i = 0; i < 4; i++) expect(await verify(app, first.key)).toMatchObject(LIMITED);
      for (let i = 0; i < 2; i++) expect(await verify(app, second.key)).toMatchObject({ valid: true });
      expect(await verify(app, second.key)).toMatchObject({
        ...LIMITED,
        rateLimits: [{ name: 'application:minute', remaining: 0 }],
      });
      const elsewhere = await owner.issueKey(applicationId);
      expect(await verify(app, elsewhere.key)).not.toHaveProperty('rateLimits');
    });

    it('hold for keys that are in memory as soon as the change is answered', async () => {
      const fresh = await owner.createApplication();
      const { key } = await owner.issueKey(fresh);
      for (let i = 0; i < 3; i++) expect(await verify(app, key)).toMatchObject({ valid: true });
      await owner
        .patch(`/applications/${fresh}/limits`)
        .send({ rateLimits: [{ ...PER_MINUTE, limit: 1 }] })
        .expect(200);
      expect(await verify(app, key)).toMatchObject({ valid: true });
      expect(await verify(app, key)).toMatchObject(LIMITED);
      await owner.patch(`/applications/${fresh}/limits`).send({ rateLimits: [] }).expect(200);
      expect(await verify(app, key)).not.toHaveProperty('rateLimits');
    });

    it('are read and changed by those who manage its keys, and nobody else', async () => {
      const path = `/applications/${shared}/limits`;
      const stranger = await Client.signedIn(app);
      expect((await stranger.get(path)).body.code).toBe('not_application_owner');
      expect((await stranger.patch(path).send({ rateLimits: [] })).body.code).toBe('not_application_owner');
      expect((await owner.get(`/applications/${UNKNOWN_ID}/limits`)).body.code).toBe('application_not_found');
      expect((await owner.get('/applications/7/limits')).status).toBe(400);
      expect((await request(app.http).get(path)).status).toBe(401);
      const reader = await Client.signedIn(app, { scope: 'apikeys:read' });
      expect((await reader.patch(path).send({ rateLimits: [] })).body.code).toBe('insufficient_scope');
      expect((await owner.patch(path).send({ limits: [] })).status).toBe(400);
      expect((await owner.get(path)).body.rateLimits).toHaveLength(1);
    });
  });
});

describe('rate limits of several nodes on PostgreSQL', () => {
  it('are one limit, by the clock of the database', async () => {
    // On a busy machine too, every verification is to be counted: what is proved here is that none is too many.
    const env = { RATE_LIMIT_STORE: 'postgres', RATE_LIMIT_TIMEOUT_MS: '10000' };
    const first = await TestApp.start({ env });
    const second = await TestApp.start({ env, database: first.database });
    try {
      const owner = await Client.signedIn(first);
      const applicationId = await owner.createApplication();
      const { key } = await owner.issueKey(applicationId, {
        rateLimits: [{ name: 'burst', limit: 10, windowSeconds: 6 }],
      });
      const ask = async (): Promise<unknown[]> => {
        const asked = Array.from({ length: 60 }, (_, i) => verify(i % 2 === 0 ? first : second, key));
        return (await Promise.all(asked)).filter(({ valid }) => valid);
      };
      expect(await ask()).toHaveLength(10);
      const refused = await verify(second, key);
      expect(refused).toMatchObject(LIMITED);
      // What Retry-After said is true.
      await sleep(Number(refused.retryAfterSeconds) * 1000);
      expect(await ask()).toHaveLength(10);
    } finally {
      await second.stop();
      await first.stop();
    }
  });
});

describe('rate limits that cannot be checked', () => {
  /** A store that cannot be reached: nothing listens there. */
  const UNREACHABLE = { RATE_LIMIT_STORE: 'redis', REDIS_URL: 'redis://127.0.0.1:1' };

  async function withNode(
    env: Record<string, string>,
    work: (node: TestApp, key: string, log: string[]) => Promise<void>,
  ): Promise<void> {
    const log: string[] = [];
    const node = await TestApp.start({
      env: { LOG_LEVEL: 'error', ...env },
      log: { write: (line) => void log.push(line) },
    });
    try {
      const owner = await Client.signedIn(node);
      const { key } = await owner.issueKey(await owner.createApplication(), { rateLimits: [PER_MINUTE] });
      await work(node, key, log);
    } finally {
      await node.stop();
    }
  }

  it('let verifications pass, and say so in a header, in a metric, and once in the log', async () => {
    await withNode(UNREACHABLE, async (node, key, log) => {
      for (let i = 0; i < 3; i++) {
        const response = await request(node.http)
          .post('/apikey/verify')
          .set(AS_SERVICE)
          .send({ key })
          .expect(200);
        expect(response.body).toMatchObject({ valid: true });
        expect(response.headers['x-ratelimit-unchecked']).toBe('true');
        expect(response.headers).not.toHaveProperty('ratelimit');
      }
      const gateway = await request(node.http)
        .get('/apikey/verify')
        .set(AS_GATEWAY)
        .set('x-api-key', key)
        .expect(200);
      expect(gateway.headers['x-ratelimit-unchecked']).toBe('true');
      const metrics = await request(node.http).get('/metrics').expect(200);
      expect(metrics.text).toContain('upblit_rate_limit_unchecked_total 4');
      expect(log.filter((line) => line.includes('pass unchecked'))).toHaveLength(1);
    });
  });

  it('are 503, and never called exceeded, where the operator wants them closed', async () => {
    await withNode({ ...UNREACHABLE, RATE_LIMIT_ON_FAILURE: 'closed' }, async (node, key, log) => {
      const response = await request(node.http)
        .post('/apikey/verify')
        .set(AS_SERVICE)
        .send({ key })
        .expect(503);
      expect(response.body.code).toBe('service_unavailable');
      expect(response.headers['retry-after']).toBe('1');
      const { text } = await request(node.http).get('/metrics');
      expect(text).toContain('upblit_rate_limit_unchecked_total 0');
      expect(log.filter((line) => line.includes('are answered 503'))).toHaveLength(1);
    });
  });
});
