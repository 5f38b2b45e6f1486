import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { forgedKey, unissuedKey } from '../support/made-up-keys.js';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { rawHttp } from '../support/raw-http.js';
import { TEST_PEPPERS, TestApp } from '../support/test-app.js';
import { AS_GATEWAY, AS_SERVICE, SERVICE_KEY } from '../support/service-key.js';

const NOT_FOUND = { valid: false, code: 'NOT_FOUND' };

describe('verification', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let id: string;
  let key: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
    ({ id, key } = await owner.issueKey(applicationId, { scopes: ['telemetry:*', 'other'] }));
  });
  afterAll(() => app.stop());

  describe('POST /apikey/verify', () => {
    it('needs no access token, is not to be stored, and says who the key is', async () => {
      const response = await request(app.http)
        .post('/apikey/verify')
        .set(AS_SERVICE)
        .send({ key })
        .expect(200);
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.body).toMatchObject({ valid: true, code: 'VALID', keyId: id, applicationId });
    });

    it('refuses a key for another application as if it were unknown', async () => {
      const other = await owner.createApplication();
      expect(await verify(app, key, { applicationId: other })).toEqual(NOT_FOUND);
      expect(await verify(app, key, { applicationId })).toMatchObject({ valid: true });
      expect(await verify(app, key, { applicationId: applicationId.toUpperCase() })).toMatchObject({
        valid: true,
      });
    });

    it('expires a key by the clock of the database', async () => {
      const expiring = await owner.issueKey(applicationId, { expiresAt: '2031-01-01T00:00:00Z' });
      expect(await verify(app, expiring.key)).toMatchObject({ valid: true });
      await app.query(`UPDATE api_keys SET expires_at = now() - interval '1 millisecond' WHERE id = $1`, [
        expiring.id,
      ]);
      // What is changed by hand holds within a lease.
      await eventually(async () => {
        expect(await verify(app, expiring.key)).toEqual({ valid: false, code: 'EXPIRED' });
      });
    });

    it('refuses the keys of a deleted application as revoked', async () => {
      const doomed = await owner.createApplication();
      const keys = [await owner.issueKey(doomed), await owner.issueKey(doomed)];
      await owner.delete(`/applications/${doomed}`).expect(204);
      for (const { key } of keys) expect(await verify(app, key)).toEqual({ valid: false, code: 'REVOKED' });
      expect(await verify(app, keys[0]!.key, { applicationId: doomed })).toEqual({
        valid: false,
        code: 'REVOKED',
      });
    });

    it.each([
      ['is empty', () => ''],
      ['has the wrong prefix', () => key.replace('upblit', 'unkey')],
      ['has the wrong checksum', () => key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')],
      ['had live made into test', () => key.replace('_live_', '_test_')],
      ['has the right form but was never issued', () => unissuedKey()],
      ['was made up', () => forgedKey()],
      ['was made up as a service key', () => forgedKey('service')],
      ['has a look-alike in it', () => key.replace('i', 'і')],
      ['is followed by a space', () => `${key} `],
      ['is followed by a line break', () => `${key}\n`],
      ['is followed by a NUL', () => `${key}\0`],
      ['is half a surrogate pair', () => '\ud800'],
      ['is 60 kB long', () => key.padEnd(60_000, 'x')],
      ['is SQL', () => "' OR 1=1 --"],
      ['is given in quotes', () => `"${key}"`],
    ])('knows nothing of a key that %s', async (_, text) => {
      expect(await verify(app, text())).toEqual(NOT_FOUND);
    });

    it.each([
      ['no key', {}, 'key'],
      ['a key that is null', { key: null }, 'key'],
      ['a key that is a number', { key: 7 }, 'key'],
      ['a key that is a list', { key: ['a'] }, 'key'],
      ['an unknown field', { key: 'a', nonsense: 1 }, 'nonsense'],
      ['an application that is no UUID', { key: 'a', applicationId: 'b' }, 'applicationId'],
      ['scopes that are no list', { key: 'a', scopes: 'b' }, 'scopes'],
      ['a scope with a space', { key: 'a', scopes: ['b c'] }, 'scopes.0'],
      ['101 scopes', { key: 'a', scopes: Array.from({ length: 101 }, () => 'b') }, 'scopes'],
    ])('refuses %s with 400', async (_, body, field) => {
      const response = await request(app.http).post('/apikey/verify').set(AS_SERVICE).send(body);
      expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
      expect(response.body.errors[0].field).toBe(field);
      expect(response.headers['cache-control']).toBe('no-store');
    });

    it('refuses a query, a body of a megabyte, and no body at all', async () => {
      const verifying = (query = ''): request.Test =>
        request(app.http).post(`/apikey/verify${query}`).set(AS_SERVICE);
      expect((await verifying('?scopes=a').send({ key })).status).toBe(400);
      expect((await verifying().send({ key: 'x'.repeat(1_000_000) })).status).toBe(413);
      expect((await verifying()).status).toBe(400);
    });

    it('never echoes the key it refuses', async () => {
      const response = await request(app.http)
        .post('/apikey/verify')
        .set(AS_SERVICE)
        .send({ key, [key]: key });
      expect(response.status).toBe(400);
      expect(response.text).not.toContain(key.slice(12, 40));
    });
  });

  describe('GET /apikey/verify, for gateways', () => {
    function ask(query = ''): request.Test {
      return request(app.http).get(`/apikey/verify${query}`).set(AS_GATEWAY);
    }

    it.each([
      ['x-api-key', () => ({ 'x-api-key': key })],
      ['Authorization', () => ({ Authorization: `Bearer ${key}` })],
      ['Authorization in lower case', () => ({ authorization: `bearer ${key}` })],
      [
        'x-api-key beside a token for the upstream',
        () => ({ 'x-api-key': key, Authorization: 'Bearer for.the.upstream' }),
      ],
    ])('takes the key from %s and answers the identity in headers', async (_, headers) => {
      const response = await ask(`?ApplicationId=${applicationId}&scopes=telemetry:write,other`)
        .set(headers())
        .expect(200, {});
      expect(response.headers).toMatchObject({
        'x-key-id': id,
        'x-application-id': applicationId,
        'x-owner-id': owner.userId,
        'x-key-scopes': 'telemetry:* other',
        'cache-control': 'no-store',
      });
    });

    it('names no two owners alike, whatever their issuers call them', async () => {
      const owners = [
        ['https://a.example/', '42'],
        ['https://b.example/', '42'],
        ['https://b.example', '/42'],
        ['https://a.example/', 'é'],
        ['https://a.example/', '%C3%A9'],
      ];
      const named: string[] = [];
      for (const [issuer, subject] of owners) {
        const application = await owner.createApplication();
        const issued = await owner.issueKey(application);
        await app.query('UPDATE applications SET owner_issuer = $2, owner_subject = $3 WHERE id = $1', [
          application,
          issuer,
          subject,
        ]);
        const response = await ask().set('x-api-key', issued.key).expect(200);
        named.push(response.headers['x-owner-id']!);
      }
      expect(named).toEqual([
        'https%3A%2F%2Fa.example%2F/42',
        'https%3A%2F%2Fb.example%2F/42',
        'https%3A%2F%2Fb.example/%2F42',
        'https%3A%2F%2Fa.example%2F/%C3%A9',
        'https%3A%2F%2Fa.example%2F/%25C3%25A9',
      ]);
    });

    it('answers 401 without a key, with a bare challenge', async () => {
      const response = await ask();
      expect([response.status, response.body.code]).toEqual([401, 'missing_api_key']);
      expect(response.headers['www-authenticate']).toBe('Bearer');
    });

    it('answers 401 for an invalid key', async () => {
      for (const bad of ['nonsense', forgedKey(), unissuedKey()]) {
        const response = await ask().set('x-api-key', bad);
        expect([response.status, response.body.code]).toEqual([401, 'invalid_api_key']);
        expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
        expect(response.headers['cache-control']).toBe('no-store');
      }
      const response = await ask(`?ApplicationId=${UNKNOWN_ID}`).set('x-api-key', key);
      expect(response.status).toBe(401);
    });

    it('answers 403 for a scope the key lacks', async () => {
      const response = await ask('?scopes=other,admin').set('x-api-key', key);
      expect([response.status, response.body.code]).toEqual([403, 'insufficient_permissions']);
      expect(response.headers['www-authenticate']).toBe(
        'Bearer error="insufficient_scope", scope="other admin"',
      );
    });

    it('refuses two keys at once with 400, also where Node would join or drop one', async () => {
      expect((await ask().set({ 'x-api-key': key, Authorization: `Bearer ${key}` })).body.code).toBe(
        'multiple_credentials',
      );
      for (const header of ['x-api-key: KEY', 'Authorization: Bearer KEY']) {
        const line = header.replace('KEY', key);
        const answer = await rawHttp(app.port, [
          'GET /apikey/verify HTTP/1.1',
          'Host: a',
          `X-Service-Key: ${SERVICE_KEY}`,
          line,
          line,
        ]);
        expect(answer).toMatch(/^HTTP\/1.1 400 /);
        expect(answer).toContain('multiple_credentials');
      }
    });

    it.each(['key', 'api_key', 'x-api-key', 'apikey', 'anything', 'scopes'])(
      'refuses a key in the query (%s=) with 400 and does not echo it',
      async (name) => {
        const response = await ask(`?${name}=${key}`).set('x-api-key', key);
        expect([response.status, response.body.code]).toEqual([400, 'key_in_query']);
        expect(response.text).not.toContain(key.slice(12, 40));
      },
    );

    it.each(['?scopes=a&scopes=b', '?scopes=a,,b', '?scopes=a%20b', '?ApplicationId=x', '?nonsense=1'])(
      'refuses %s with 400',
      async (query) => {
        const response = await ask(query).set('x-api-key', key);
        expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
      },
    );
  });

  it('re-hashes a key under the current pepper when it is next seen, and both peppers can read it', async () => {
    const peppers = `${TEST_PEPPERS},2=${Buffer.alloc(32, 7).toString('base64url')}`;
    const { id, key } = await owner.issueKey(applicationId);
    const newer = await TestApp.start({
      database: app.database,
      env: { API_KEY_PEPPERS: peppers, API_KEY_PEPPER_VERSION: '2' },
    });
    try {
      expect(await verify(newer, key)).toMatchObject({ valid: true });
      // It happens behind the answer.
      await eventually(async () => {
        const secrets = await app.query('SELECT pepper_version FROM api_key_secrets WHERE api_key_id = $1', [
          id,
        ]);
        expect(secrets).toEqual([{ pepper_version: 2 }]);
      });
      expect(await verify(newer, key)).toMatchObject({ valid: true });
    } finally {
      await newer.stop();
    }
  });
});
