import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { uuidv7 } from 'uuidv7';
import { ApiKey } from '../../src/modules/api-keys/domain/api-key.js';
import { ApiKeyLimits } from '../../src/modules/api-keys/domain/api-key-limits.js';
import { ApiKeyRepository } from '../../src/modules/api-keys/domain/api-key.repository.js';
import { ApiKeySecret } from '../../src/modules/api-keys/domain/api-key-secret.js';
import { KeyHash } from '../../src/modules/api-keys/domain/key-hasher.js';
import { UnitOfWork } from '../../src/shared/unit-of-work.js';
import { actor } from '../support/actors.js';
import { Client, UNKNOWN_ID, keyIdOf, verify, type CreatedKey } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const LIMIT = 8;

describe('POST /apikey?ApplicationId=', () => {
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

  it('answers 200 and the key as a plain JSON string, once, not to be stored', async () => {
    const response = await owner.post(`/apikey?ApplicationId=${applicationId}`).expect(200);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.text).toMatch(/^"upblit_live_[0-9A-Za-z]{36}"$/);
    expect(response.body).toBe(JSON.parse(response.text));
    const key = await owner.get(response.headers.location!).expect(200);
    expect(key.body.hint).toBe(`upblit_live_…${(response.body as string).slice(-4)}`);
    expect(key.text).not.toContain((response.body as string).slice(12, 40));
  });

  it('issues a key that verifies at once, as a key of this application and its owner', async () => {
    const { id, key } = await owner.issueKey(applicationId, {
      name: '  collector  ',
      environment: 'test',
      scopes: ['telemetry:*'],
      expiresAt: '2031-01-02T03:04:05.678+02:00',
      metadata: { team: 'checkout', deep: [{ a: null }] },
    });
    expect(key).toMatch(/^upblit_test_/);
    expect(await verify(app, key, { applicationId, scopes: ['telemetry:write'] })).toEqual({
      valid: true,
      code: 'VALID',
      keyId: id,
      applicationId,
      ownerId: owner.userId,
      name: 'collector',
      environment: 'test',
      scopes: ['telemetry:*'],
      metadata: { team: 'checkout', deep: [{ a: null }] },
      expiresAt: '2031-01-02T01:04:05.678Z',
      secretId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded'])(
    'takes an empty body of type %s for none: live, without scopes, never expiring, named by its date',
    async (type) => {
      const fresh = await owner.createApplication();
      const response = await owner.post(`/apikey?ApplicationId=${fresh}`).set('Content-Type', type).send('');
      expect(response.status).toBe(200);
      const key = await owner.get(`/apikey/${keyIdOf(response)}`).expect(200);
      expect(key.body).toMatchObject({ environment: 'live', scopes: [], expiresAt: null, status: 'active' });
      expect(key.body.name).toMatch(/^Key of \d{4}-\d{2}-\d{2}$/);
    },
  );

  it('never issues the same key twice', async () => {
    const fresh = await owner.createApplication();
    const keys = new Set<string>();
    for (let i = 0; i < LIMIT; i++) keys.add((await owner.issueKey(fresh)).key);
    expect(keys.size).toBe(LIMIT);
  });

  it('holds the limit of active keys, however many are asked for at once', async () => {
    const fresh = await owner.createApplication();
    const responses = await Promise.all(
      Array.from({ length: 3 * LIMIT }, () => owner.post(`/apikey?ApplicationId=${fresh}`)),
    );
    const issued = responses.filter((response) => response.status === 200);
    expect(issued).toHaveLength(LIMIT);
    for (const refused of responses.filter((response) => response.status !== 200)) {
      expect([refused.status, refused.body.code]).toEqual([409, 'api_key_limit_reached']);
    }
    await owner.delete(`/apikey/${keyIdOf(issued[0]!)}`).expect(204);
    await owner.post(`/apikey?ApplicationId=${fresh}`).expect(200);
    await owner.post(`/apikey?ApplicationId=${fresh}`).expect(409);
  });

  it('holds the limit on two nodes that issue at once, and gives each the keys it asked for', async () => {
    const other = await TestApp.start({
      database: app.database,
      env: { MAX_ACTIVE_KEYS_PER_APPLICATION: String(LIMIT) },
    });
    const there = new Client(other, owner.caller);
    const fresh = await Promise.all(Array.from({ length: 3 }, () => owner.createApplication()));
    const responses = await Promise.all(
      fresh.flatMap((id) =>
        Array.from({ length: LIMIT }, (_, i) => [
          owner.post(`/apikey?ApplicationId=${id}`).send({ name: `here ${i}` }),
          there.post(`/apikey?ApplicationId=${id}`).send({ name: `there ${i}` }),
        ]).flat(),
      ),
    );
    await other.stop();
    const issued = responses.filter(({ status }) => status === 200);
    expect(issued).toHaveLength(3 * LIMIT);
    expect(responses.filter(({ status }) => status === 409)).toHaveLength(3 * LIMIT);
    for (const response of issued) {
      const verdict = await verify(app, response.body as string);
      expect(verdict).toMatchObject({ valid: true, keyId: keyIdOf(response) });
    }
  });

  it('lets a key that the database refuses cost nobody else theirs', async () => {
    const fresh = await owner.createApplication();
    await owner.issueKey(fresh);
    const repository = app.nest.get(ApiKeyRepository, { strict: false });
    const unitOfWork = app.nest.get(UnitOfWork);
    const limits = app.nest.get(ApiKeyLimits, { strict: false });
    const insert = (name: string): Promise<string> => {
      const [id, secretId] = [uuidv7(), uuidv7()];
      const hash = new KeyHash(randomBytes(32), 1);
      const secret = ApiKeySecret.create(secretId, id, hash, 'hint', new Date());
      const by = actor(owner.userId);
      const application = { id: fresh, scopes: null };
      const settings = { name, environment: 'live' as const };
      const key = ApiKey.issue({ id, application, settings, secret, by, now: new Date() });
      // After a statement was refused the others try alone, at once, and do not wait for each other either.
      const alone = (): Promise<unknown> => unitOfWork.run(by, (tx) => repository.insert(key, limits, tx));
      return repository
        .insertBatched(key, limits, by)
        .then((isInserted) => isInserted || alone())
        .then(
          () => name,
          () => 'refused',
        );
    };
    const names = ['one', 'two', 'x'.repeat(101), 'three'];
    // The first leaves alone; the others share a statement.
    expect(await Promise.all(names.map(insert))).toEqual(['one', 'two', 'refused', 'three']);
    const listed = await owner.get(`/apikey?ApplicationId=${fresh}`).expect(200);
    expect(listed.body.data).toHaveLength(4);
  });

  it.each(Array.from({ length: LIMIT }, (_, i) => i))(
    'holds the limit exactly when %i keys are there and one too many are asked for at once',
    async (there) => {
      const fresh = await owner.createApplication();
      for (let i = 0; i < there; i++) await owner.issueKey(fresh);
      const responses = await Promise.all(
        Array.from({ length: LIMIT + 1 - there }, () => owner.post(`/apikey?ApplicationId=${fresh}`)),
      );
      expect(responses.filter(({ status }) => status === 409)).toHaveLength(1);
      const listed = await owner.get(`/apikey?ApplicationId=${fresh}`).expect(200);
      expect(listed.body.data).toHaveLength(LIMIT);
      await owner.post(`/apikey?ApplicationId=${fresh}`).expect(409);
    },
  );

  it('counts neither disabled nor expired keys against the limit', async () => {
    const fresh = await owner.createApplication();
    const full = await Promise.all(Array.from({ length: LIMIT }, () => owner.issueKey(fresh)));
    const [first, second] = full as [CreatedKey, CreatedKey];
    await owner.patch(`/apikey/${first.id}`).send({ enabled: false }).expect(200);
    await app.query(`UPDATE api_keys SET expires_at = created_at WHERE id = $1`, [second.id]);
    await owner.issueKey(fresh);
    await owner.issueKey(fresh);
    await owner.post(`/apikey?ApplicationId=${fresh}`).expect(409);
  });

  it('leaves no key that works when the application is deleted meanwhile', async () => {
    for (let i = 0; i < 5; i++) {
      const fresh = await owner.createApplication();
      await owner.issueKey(fresh);
      const issuing = Array.from({ length: 5 }, () => owner.post(`/apikey?ApplicationId=${fresh}`));
      const [, ...issued] = await Promise.all([
        owner.delete(`/applications/${fresh}`).expect(204),
        ...issuing,
      ]);
      for (const { status, body } of issued) {
        expect([200, 404]).toContain(status);
        if (status === 200) expect(await verify(app, body as string)).toMatchObject({ code: 'REVOKED' });
      }
    }
  });

  describe('checks, in this order, before anything is generated', () => {
    it('the token: 401 without one, whatever else is wrong', async () => {
      const response = await request(app.http)
        .post('/apikey?ApplicationId=nonsense&x=1')
        .set('Content-Type', 'application/json')
        .send('{');
      expect([response.status, response.body.code]).toEqual([401, 'unauthenticated']);
      expect(response.headers['www-authenticate']).toBe('Bearer');
    });

    it('the scope: 403 without apikeys:write, also for the owner, and before the parameter', async () => {
      const reader = await Client.signedIn(app, { scope: 'apikeys:read applications:write' });
      for (const id of ['nonsense', await reader.createApplication()]) {
        const response = await reader.post(`/apikey?ApplicationId=${id}`);
        expect([response.status, response.body.code]).toEqual([403, 'insufficient_scope']);
        expect(response.headers['www-authenticate']).toBe(
          'Bearer error="insufficient_scope", scope="apikeys:write"',
        );
      }
    });

    it('the application: 404 for an unknown one', async () => {
      const response = await owner.post(`/apikey?ApplicationId=${UNKNOWN_ID}`);
      expect([response.status, response.body.code]).toEqual([404, 'application_not_found']);
    });

    it('its owner: 403 for anybody else, who gets no key', async () => {
      const before = await owner.get(`/apikey?ApplicationId=${applicationId}&limit=100`);
      const response = await stranger.post(`/apikey?ApplicationId=${applicationId}`).send({ nonsense: true });
      expect([response.status, response.body.code]).toEqual([403, 'not_application_owner']);
      const after = await owner.get(`/apikey?ApplicationId=${applicationId}&limit=100`);
      expect(after.body).toEqual(before.body);
    });

    it('that the application has not been deleted: 404', async () => {
      const deleted = await owner.createApplication();
      await owner.delete(`/applications/${deleted}`).expect(204);
      const response = await owner.post(`/apikey?ApplicationId=${deleted}`);
      expect([response.status, response.body.code]).toEqual([404, 'application_not_found']);
    });
  });

  it('takes the id of the application in upper case too', async () => {
    const fresh = await owner.createApplication();
    await owner.post(`/apikey?ApplicationId=${fresh.toUpperCase()}`).expect(200);
  });

  it.each([
    ['missing', '', 'ApplicationId'],
    ['empty', '?ApplicationId=', 'ApplicationId'],
    ['no UUID', '?ApplicationId=7', 'ApplicationId'],
    ['given twice', `?ApplicationId=${UNKNOWN_ID}&ApplicationId=${UNKNOWN_ID}`, 'ApplicationId'],
    ['an array', `?ApplicationId[]=${UNKNOWN_ID}`, 'ApplicationId'],
    ['in the wrong case', `?applicationid=${UNKNOWN_ID}`, 'ApplicationId'],
    ['followed by a NUL byte', `?ApplicationId=${UNKNOWN_ID}%00`, 'ApplicationId'],
    ['10 kB long', `?ApplicationId=${'a'.repeat(10_000)}`, 'ApplicationId'],
    ['followed by a line break', `?ApplicationId=${UNKNOWN_ID}%0A`, 'ApplicationId'],
  ])('refuses an ApplicationId that is %s', async (_, query, field) => {
    const response = await owner.post(`/apikey${query}`);
    expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
    expect(response.body.errors[0].field).toBe(field);
    expect(response.text).not.toContain('aaaa');
  });

  it('refuses a query parameter it does not know', async () => {
    const response = await owner.post(`/apikey?ApplicationId=${applicationId}&applicationId=x`);
    expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
  });

  const LEAP_DAY_THAT_IS_NONE = '2031-02-29T00:00:00Z';
  it.each([
    ['an unknown field', { nonsense: 1 }],
    ['an empty name', { name: '   ' }],
    ['a name of 101 characters', { name: 'x'.repeat(101) }],
    ['a name that is null', { name: null }],
    ['a name that is no text', { name: { a: 1 } }],
    ['a name with a NUL', { name: 'a\0b' }],
    ['a name with half a surrogate pair', { name: 'a\ud800b' }],
    ['another environment', { environment: 'production' }],
    ['scopes that are no list', { scopes: 'a' }],
    ['a scope with a space', { scopes: ['a b'] }],
    ['a scope twice', { scopes: ['a', 'a'] }],
    ['101 scopes', { scopes: Array.from({ length: 101 }, (_, i) => `s${i}`) }],
    ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['an expiry more than ten years ahead', { expiresAt: '2099-01-01T00:00:00Z' }],
    ['an expiry without an offset', { expiresAt: '2031-01-01T00:00:00' }],
    ['an expiry on a day that does not exist', { expiresAt: LEAP_DAY_THAT_IS_NONE }],
    ['an expiry that is a number', { expiresAt: 1893456000000 }],
    ['metadata that is a list', { metadata: [] }],
    ['metadata over 16 KiB', { metadata: { a: 'x'.repeat(17_000) } }],
    ['metadata of nine levels', { metadata: { a: { a: { a: { a: { a: { a: { a: { a: {} } } } } } } } } }],
    ['metadata with a NUL', { metadata: { a: ['\0'] } }],
  ])('refuses %s, and issues nothing', async (_, body) => {
    const fresh = await owner.createApplication();
    const response = await owner.post(`/apikey?ApplicationId=${fresh}`).send(body);
    expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
    expect(response.body.errors[0].field.split('.')[0]).toBe(Object.keys(body)[0]);
    const list = await owner.get(`/apikey?ApplicationId=${fresh}`).expect(200);
    expect(list.body.data).toEqual([]);
  });

  it.each([
    ['no JSON', 400, '{"name":'],
    ['a list', 400, '[]'],
    ['null', 400, 'null'],
    ['a string', 400, '"name"'],
    ['one that reaches for the prototype', 400, '{"__proto__":{"name":"x"}}'],
    ['one that reaches for the prototype in its metadata', 400, '{"metadata":{"__proto__":{"a":1}}}'],
    ['of a megabyte', 413, JSON.stringify({ name: 'x'.repeat(1_000_000) })],
  ])('refuses a body that is %s', async (_, status, body) => {
    const response = await owner
      .post(`/apikey?ApplicationId=${applicationId}`)
      .set('Content-Type', 'application/json')
      .send(body);
    expect(response.status).toBe(status);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  });
});
