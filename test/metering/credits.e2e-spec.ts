import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

const MAX = Number.MAX_SAFE_INTEGER;
const EXCEEDED = { valid: false, code: 'USAGE_EXCEEDED' };

describe('credits', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  const creditsOf = async (id: string): Promise<unknown> => (await owner.get(`/apikey/${id}`)).body.credits;

  describe('of a key', () => {
    it('are spent by its verifications, each at its cost, until they are used up', async () => {
      const { id, key } = await owner.issueKey(applicationId, { credits: { remaining: 5 } });
      expect(await verify(app, key)).toMatchObject({ valid: true, credits: { remaining: 4 } });
      expect(await verify(app, key, { cost: 3 })).toMatchObject({ valid: true, credits: { remaining: 1 } });
      expect(await verify(app, key, { cost: 2 })).toEqual({ ...EXCEEDED, credits: { remaining: 1 } });
      expect(await verify(app, key)).toMatchObject({ valid: true, credits: { remaining: 0 } });
      expect(await verify(app, key)).toEqual({ ...EXCEEDED, credits: { remaining: 0 } });
      // An exhausted key stays, and may be asked about for nothing.
      expect(await verify(app, key, { cost: 0 })).toMatchObject({ valid: true, credits: { remaining: 0 } });
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      expect(body).toMatchObject({ status: 'active', credits: { remaining: 0, refill: null } });
    });

    it('are not spent by what is refused for another reason', async () => {
      const { id, key } = await owner.issueKey(applicationId, {
        credits: { remaining: 10 },
        rateLimits: [{ name: 'minute', limit: 2, windowSeconds: 60 }],
        scopes: ['a'],
      });
      expect(await verify(app, key, { scopes: ['b'] })).toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' });
      for (let i = 0; i < 2; i++) await verify(app, key);
      for (let i = 0; i < 3; i++) expect(await verify(app, key)).toMatchObject({ code: 'RATE_LIMITED' });
      expect(await creditsOf(id)).toMatchObject({ remaining: 8 });
    });

    it('leave the rate limits alone when they are used up', async () => {
      const { id, key } = await owner.issueKey(applicationId, {
        credits: { remaining: 1 },
        rateLimits: [{ name: 'minute', limit: 3, windowSeconds: 60 }],
      });
      expect(await verify(app, key)).toMatchObject({ valid: true });
      for (let i = 0; i < 5; i++) expect(await verify(app, key)).toMatchObject(EXCEEDED);
      await owner.post(`/apikey/${id}/credits`).send({ add: 5 }).expect(200);
      for (let i = 0; i < 2; i++) expect(await verify(app, key)).toMatchObject({ valid: true });
      expect(await verify(app, key)).toMatchObject({ code: 'RATE_LIMITED' });
    });

    it('refuse a gateway with 429, which may price its calls', async () => {
      const refill = { amount: 5, interval: 'daily' };
      const { key } = await owner.issueKey(applicationId, { credits: { remaining: 5, refill } });
      const ask = (query: string): request.Test =>
        request(app.http).get(`/apikey/verify${query}`).set(AS_GATEWAY).set('x-api-key', key);
      const good = await ask('?cost=4').expect(200);
      expect(good.headers['x-credits-remaining']).toBe('1');
      const refused = await ask('?cost=2').expect(429);
      expect(refused.body.code).toBe('usage_exceeded');
      expect(refused.headers['x-credits-remaining']).toBe('1');
      const sinceMidnight = (Date.now() / 1000 + Number(refused.headers['retry-after'])) % 86_400;
      expect(Math.min(sinceMidnight, 86_400 - sinceMidnight)).toBeLessThan(10);
      for (const cost of ['-1', '1.5', 'NaN', '', '1e3', '9007199254740992', '1&cost=1']) {
        expect((await ask(`?cost=${cost}`)).status).toBe(400);
      }
    });

    it.each([-1, 0.5, 1e300, MAX + 1, '1', null, true])('are not spent at a cost of %p', async (cost) => {
      const { id, key } = await owner.issueKey(applicationId, { credits: { remaining: 5 } });
      const response = await request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key, cost });
      expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
      expect(await creditsOf(id)).toMatchObject({ remaining: 5 });
    });

    it('are spent one by one in a batch', async () => {
      const { key } = await owner.issueKey(applicationId, { credits: { remaining: 3 } });
      const keys = [{ key }, { key, cost: 2 }, { key }, { key, cost: 0 }];
      const { body } = await request(app.http)
        .post('/apikey/verify/batch')
        .set(AS_SERVICE)
        .send({ keys })
        .expect(200);
      expect(
        body.results.map(({ code, credits }: never) => [code, (credits as { remaining: number }).remaining]),
      ).toEqual([
        ['VALID', 2],
        ['VALID', 0],
        ['USAGE_EXCEEDED', 0],
        ['VALID', 0],
      ]);
    });

    it('can be given later, changed without touching what is left, and taken off', async () => {
      const { id, key } = await owner.issueKey(applicationId);
      expect(await verify(app, key)).not.toHaveProperty('credits');
      const change = (credits: unknown): request.Test => owner.patch(`/apikey/${id}`).send({ credits });
      expect((await change({ refill: { amount: 5, interval: 'daily' } })).body.code).toBe('no_credits');
      expect(await creditsOf(id)).toBeNull();
      expect((await change({ remaining: 3 }).expect(200)).body.credits).toEqual({
        remaining: 3,
        refill: null,
      });
      expect(await verify(app, key)).toMatchObject({ credits: { remaining: 2 } });
      await change({ refill: { amount: 5, interval: 'monthly', day: 31 } }).expect(200);
      const refill = { amount: 5, interval: 'monthly', day: 31 };
      expect(await creditsOf(id)).toEqual({ remaining: 2, refill });
      await change({ remaining: 9 }).expect(200);
      expect(await creditsOf(id)).toEqual({ remaining: 9, refill });
      await change({ refill: null }).expect(200);
      expect(await creditsOf(id)).toEqual({ remaining: 9, refill: null });
      await owner.patch(`/apikey/${id}`).send({ name: 'renamed' }).expect(200);
      expect(await creditsOf(id)).toEqual({ remaining: 9, refill: null });
      await change(null).expect(200);
      expect(await creditsOf(id)).toBeNull();
      expect(await verify(app, key)).not.toHaveProperty('credits');
    });

    it('may be given by many at once', async () => {
      const { id, key } = await owner.issueKey(applicationId);
      await Promise.all(
        [1, 2, 3, 4].map((remaining) =>
          owner.patch(`/apikey/${id}`).send({ credits: { remaining } }).expect(200),
        ),
      );
      const { remaining } = (await creditsOf(id)) as { remaining: number };
      expect(await verify(app, key)).toMatchObject({ valid: true, credits: { remaining: remaining - 1 } });
    });

    it('come back with the list of keys', async () => {
      const fresh = await owner.createApplication();
      await owner.issueKey(fresh, { credits: { remaining: 7, refill: { amount: 7, interval: 'daily' } } });
      await owner.issueKey(fresh);
      const { body } = await owner.get(`/apikey?ApplicationId=${fresh}`).expect(200);
      expect(body.data.map(({ credits }: { credits: unknown }) => credits)).toEqual([
        null,
        { remaining: 7, refill: { amount: 7, interval: 'daily', day: null } },
      ]);
    });

    it('are filled up by whoever asks first after midnight, once', async () => {
      const { id, key } = await owner.issueKey(applicationId, {
        credits: { remaining: 0, refill: { amount: 4, interval: 'daily' } },
      });
      expect(await verify(app, key)).toMatchObject(EXCEEDED);
      await app.query(
        `UPDATE credit_balances SET refilled_at = refilled_at - interval '1 day' WHERE subject_id = $1`,
        [id],
      );
      const answers = await Promise.all(Array.from({ length: 20 }, () => verify(app, key)));
      expect(answers.filter(({ valid }) => valid)).toHaveLength(4);
    });

    it.each([
      { remaining: -1 },
      { remaining: 1.5 },
      { remaining: MAX + 1 },
      { remaining: '5' },
      { remaining: 5, refill: { amount: 0, interval: 'daily' } },
      { remaining: 5, refill: { amount: 5, interval: 'hourly' } },
      { remaining: 5, refill: { amount: 5, interval: 'monthly', day: 32 } },
      { remaining: 5, refill: { amount: 5, interval: 'daily', day: 1 } },
      { remaining: 5, more: 1 },
      [],
      5,
    ])('are not %j', async (credits) => {
      const { id } = await owner.issueKey(applicationId);
      for (const response of [
        await owner.post(`/apikey?ApplicationId=${applicationId}`).send({ credits }),
        await owner.patch(`/apikey/${id}`).send({ credits }),
        await owner.patch(`/applications/${applicationId}/limits`).send({ credits }),
      ]) {
        expect([response.status, response.body.errors?.[0]?.field]).toEqual([400, 'credits']);
      }
    });

    /** As they stand in a body: JSON has no NaN, but a client may. */
    const NO_NUMBERS = ['NaN', '-Infinity', '0.5', '1e400', '9007199254740993', '"1"', 'true', '[1]'];

    it('are integers within bounds wherever a body counts them', async () => {
      const { id, key } = await owner.issueKey(applicationId, { credits: { remaining: 5 } });
      const refill = { amount: 5, interval: 'monthly', day: 1 };
      const calls: [path: string, body: object][] = [
        [`/apikey?ApplicationId=${applicationId}`, { credits: { remaining: '?' } }],
        [
          `/apikey?ApplicationId=${applicationId}`,
          { credits: { remaining: 5, refill: { ...refill, amount: '?' } } },
        ],
        [
          `/apikey?ApplicationId=${applicationId}`,
          { credits: { remaining: 5, refill: { ...refill, day: '?' } } },
        ],
        [`/apikey/${id}/credits`, { set: '?' }],
        [`/apikey/${id}/credits`, { add: '?' }],
        [`/applications/${applicationId}/credits`, { set: '?' }],
        ['/apikey/verify', { key, cost: '?' }],
        ['/apikey/verify/batch', { keys: [{ key, cost: '?' }] }],
      ];
      for (const [path, body] of calls) {
        for (const number of NO_NUMBERS) {
          const text = JSON.stringify(body).replace('"?"', number);
          const { status } = await owner.post(path).set('Content-Type', 'application/json').send(text);
          expect([path, text, status]).toEqual([path, text, 400]);
        }
      }
      expect(await creditsOf(id)).toEqual({ remaining: 5, refill: null });
    });

    it('are given at issue with what remains, and not without', async () => {
      const issue = (credits: object): request.Test =>
        owner.post(`/apikey?ApplicationId=${applicationId}`).send({ credits });
      expect((await issue({ refill: { amount: 5, interval: 'daily' } })).status).toBe(400);
      expect((await issue({})).status).toBe(400);
      expect((await issue({ remaining: 0 })).status).toBe(200);
    });
  });

  describe('POST /apikey/{id}/credits', () => {
    it('sets the balance, adds to it and takes from it', async () => {
      const { id, key } = await owner.issueKey(applicationId, {
        credits: { remaining: 1, refill: { amount: 5, interval: 'daily' } },
      });
      const change = (body: object): request.Test => owner.post(`/apikey/${id}/credits`).send(body);
      const refill = { amount: 5, interval: 'daily', day: null };
      expect((await change({ set: 10 }).expect(200)).body).toEqual({ remaining: 10, refill });
      expect((await change({ add: 5 }).expect(200)).body).toEqual({ remaining: 15, refill });
      expect((await change({ add: -12 }).expect(200)).body).toEqual({ remaining: 3, refill });
      expect(await verify(app, key)).toMatchObject({ credits: { remaining: 2 } });
      expect((await change({ add: 0 }).expect(200)).body).toEqual({ remaining: 2, refill });
    });

    it('never lets it fall below zero or grow out of range, and changes nothing then', async () => {
      const { id } = await owner.issueKey(applicationId, { credits: { remaining: 5 } });
      for (const add of [-6, MAX, -MAX]) {
        const response = await owner.post(`/apikey/${id}/credits`).send({ add });
        expect([response.status, response.body.code]).toEqual([409, 'credits_out_of_range']);
      }
      expect(await creditsOf(id)).toMatchObject({ remaining: 5 });
    });

    it('loses nothing that is spent or added at the same time', async () => {
      const { id, key } = await owner.issueKey(applicationId, { credits: { remaining: 100 } });
      await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          i % 2 === 0
            ? verify(app, key, { cost: 2 })
            : owner.post(`/apikey/${id}/credits`).send({ add: 3 }).expect(200),
        ),
      );
      expect(await creditsOf(id)).toMatchObject({ remaining: 100 - 40 + 60 });
    });

    it('needs credits that are there, the owner, the scope, and one number', async () => {
      const { id } = await owner.issueKey(applicationId, { credits: { remaining: 5 } });
      const plain = await owner.issueKey(applicationId);
      const refused = await owner.post(`/apikey/${plain.id}/credits`).send({ set: 5 });
      expect([refused.status, refused.body.code]).toEqual([409, 'no_credits']);
      const path = `/apikey/${id}/credits`;
      const stranger = await Client.signedIn(app);
      expect((await stranger.post(path).send({ set: 9 })).body.code).toBe('not_application_owner');
      const reader = await Client.signedIn(app, { scope: 'apikeys:read' });
      expect((await reader.post(path).send({ set: 9 })).body.code).toBe('insufficient_scope');
      expect((await request(app.http).post(path).send({ set: 9 })).status).toBe(401);
      expect((await owner.post(`/apikey/${UNKNOWN_ID}/credits`).send({ set: 9 })).status).toBe(404);
      for (const body of [
        {},
        { set: 1, add: 1 },
        { set: -1 },
        { set: 0.5 },
        { set: null },
        { set: MAX + 1 },
        { add: '5' },
        { add: null },
        { add: 1e300 },
        { increment: 1 },
      ]) {
        expect((await owner.post(path).send(body)).status).toBe(400);
      }
      expect(await creditsOf(id)).toMatchObject({ remaining: 5 });
    });
  });

  describe('of an application', () => {
    it('are spent by all its keys together with their own, from both or from neither', async () => {
      const shared = await owner.createApplication();
      const first = await owner.issueKey(shared, { credits: { remaining: 2 } });
      const second = await owner.issueKey(shared);
      const path = `/applications/${shared}`;
      const given = await owner
        .patch(`${path}/limits`)
        .send({ credits: { remaining: 5 } })
        .expect(200);
      expect(given.body).toEqual({ rateLimits: [], credits: { remaining: 5, refill: null } });
      expect(await verify(app, first.key, { cost: 2 })).toMatchObject({
        valid: true,
        credits: { remaining: 0 },
        applicationCredits: { remaining: 3 },
      });
      expect(await verify(app, first.key)).toEqual({
        ...EXCEEDED,
        credits: { remaining: 0 },
        applicationCredits: { remaining: 3 },
      });
      const answer = await verify(app, second.key, { cost: 3 });
      expect(answer).toMatchObject({ valid: true, applicationCredits: { remaining: 0 } });
      expect(answer).not.toHaveProperty('credits');
      expect(await verify(app, second.key)).toMatchObject(EXCEEDED);
      const added = await owner.post(`${path}/credits`).send({ add: 1 }).expect(200);
      expect(added.body).toEqual({ remaining: 1, refill: null });
      expect(await verify(app, second.key)).toMatchObject({ valid: true });
      await owner.patch(`${path}/limits`).send({ credits: null }).expect(200);
      expect(await verify(app, second.key)).not.toHaveProperty('applicationCredits');
      expect((await owner.post(`${path}/credits`).send({ add: 1 })).body.code).toBe('no_credits');
    });

    it('are changed by those who manage its keys, and nobody else', async () => {
      const stranger = await Client.signedIn(app);
      const response = await stranger.post(`/applications/${applicationId}/credits`).send({ set: 1 });
      expect(response.body.code).toBe('not_application_owner');
      const unknown = await owner.post(`/applications/${UNKNOWN_ID}/credits`).send({ set: 1 });
      expect(unknown.body.code).toBe('application_not_found');
    });
  });
});
