import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Response, type Test } from 'supertest';
import { Client, verify } from '../support/builders.js';
import { postVerify } from '../support/verify-post.js';
import { rawHttp } from '../support/raw-http.js';
import { AS_GATEWAY, AS_SERVICE, SERVICE_KEY } from '../support/service-key.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const ALL = ['keys:verify', 'applications:read', 'apikeys:read', 'apikeys:write', 'audit:read'];

describe('a service key', () => {
  let app: TestApp;
  let other: TestApp;
  let owner: Client;
  let applicationId: string;
  let key: string;
  let keyId: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { TRUST_PROXY: 'loopback' } });
    other = await TestApp.start({ database: app.database });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
    ({ key, id: keyId } = await owner.issueKey(applicationId));
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  async function issue(
    scopes: string[],
    more: object = {},
  ): Promise<{ id: string; key: string; as: Record<string, string> }> {
    const issued = await owner.issueServiceKey(applicationId, { name: 'a machine', scopes, ...more });
    return { ...issued, as: { Authorization: `Bearer ${issued.key}` } };
  }

  function ask(body: object, headers: Record<string, string> = {}, node = app): Test {
    return request(node.http).post('/apikey/verify').set(headers).send(body);
  }

  function outcome({ status, body }: Response): unknown[] {
    return [status, body.code];
  }

  describe('verifies', () => {
    it('the keys of its application and of no other, whatever it names, in every way', async () => {
      const { as, key: serviceKey } = await issue(['keys:verify']);
      const elsewhere = await owner.createApplication();
      const foreign = await owner.issueKey(elsewhere);
      const questions = [
        [{ key }, 'VALID'],
        [{ key, applicationId }, 'VALID'],
        [{ key, applicationId: applicationId.toUpperCase() }, 'VALID'],
        [{ key, applicationId: elsewhere }, 'NOT_FOUND'],
        [{ key: foreign.key }, 'NOT_FOUND'],
        [{ key: foreign.key, applicationId: elsewhere }, 'NOT_FOUND'],
      ] as const;
      for (const [body, code] of questions) {
        expect(outcome(await ask(body, as))).toEqual([200, code]);
        const { body: slow } = await postVerify(app.port, {
          body: JSON.stringify(body),
          path: 'slow',
          isAnonymous: true,
          headers: [`Authorization: Bearer ${serviceKey}`],
        });
        expect(JSON.parse(slow)).toMatchObject({ code });
      }
      const keys = questions.map(([body]) => body);
      const batch = await request(app.http).post('/apikey/verify/batch').set(as).send({ keys }).expect(200);
      const codes = (batch.body.results as { code: string }[]).map(({ code }) => code);
      expect(codes).toEqual(questions.map(([, code]) => code));
      const gateway = (presented: string): Test =>
        request(app.http).get('/apikey/verify').set({ 'x-service-key': serviceKey, 'x-api-key': presented });
      expect((await gateway(key)).headers['x-key-id']).toBe(keyId);
      expect(outcome(await gateway(foreign.key))).toEqual([401, 'invalid_api_key']);
    });

    it('of the platform, the keys of every application, and of one that it names', async () => {
      const elsewhere = await owner.createApplication();
      const foreign = await owner.issueKey(elsewhere);
      for (const [body, code] of [
        [{ key }, 'VALID'],
        [{ key: foreign.key }, 'VALID'],
        [{ key, applicationId: elsewhere }, 'NOT_FOUND'],
      ] as const) {
        expect(outcome(await ask(body, AS_SERVICE))).toEqual([200, code]);
      }
    });

    it('no service key: that is a credential for this service alone', async () => {
      const { as, key: serviceKey } = await issue(['keys:verify']);
      for (const presented of [serviceKey, SERVICE_KEY]) {
        expect(outcome(await ask({ key: presented }, as))).toEqual([200, 'NOT_FOUND']);
        expect(outcome(await ask({ key: presented }, AS_SERVICE))).toEqual([200, 'NOT_FOUND']);
        const gateway = request(app.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', presented);
        expect(outcome(await gateway)).toEqual([401, 'invalid_api_key']);
      }
    });

    it('nothing without the scope, and nothing as a key that is handed out', async () => {
      const { as } = await issue(ALL.filter((scope) => scope !== 'keys:verify'));
      const answer = await ask({ key }, as).expect(403);
      expect(answer.body.code).toBe('insufficient_scope');
      expect(answer.headers['www-authenticate']).toBe(
        'Bearer error="insufficient_scope", scope="keys:verify"',
      );
      expect(outcome(await ask({ key }, { Authorization: `Bearer ${key}` }))).toEqual([
        401,
        'invalid_service_key',
      ]);
    });
  });

  describe('is demanded of every verification:', () => {
    const token = (): string => `Bearer ${owner.caller.accessToken}`;
    const CREDENTIALS: [string, () => Record<string, string>, number, string][] = [
      ['without one', () => ({}), 401, 'missing_service_key'],
      ["with a person's token", () => ({ Authorization: token() }), 401, 'invalid_service_key'],
      ['with another scheme', () => ({ Authorization: 'Basic dTpw' }), 401, 'invalid_service_key'],
      ['with nothing after Bearer', () => ({ Authorization: 'Bearer' }), 401, 'invalid_service_key'],
      ['in both headers', () => ({ ...AS_SERVICE, ...AS_GATEWAY }), 400, 'multiple_credentials'],
    ];

    it('and says what to send instead of an access token or an API key', async () => {
      for (const other of [token(), `Bearer ${key}`]) {
        const { body } = await ask({ key }, { Authorization: other }).expect(401);
        expect(body.detail).toContain('/service-keys makes it');
      }
    });

    it.each(CREDENTIALS)('%s', async (_, headers, status, code) => {
      expect(outcome(await ask({ key }, headers()))).toEqual([status, code]);
      const batch = request(app.http).post('/apikey/verify/batch').set(headers());
      expect(outcome(await batch.send({ keys: [{ key }] }))).toEqual([status, code]);
    });

    it('with a challenge when there is none, or a bad one', async () => {
      const none = await ask({ key });
      const bad = await ask({ key }, { Authorization: `Bearer ${SERVICE_KEY.slice(0, -1)}_` });
      expect([none, bad].map(({ headers }) => headers['www-authenticate'] as unknown)).toEqual([
        'Bearer',
        'Bearer error="invalid_token"',
      ]);
    });

    it('of a gateway in X-Service-Key, once, and nowhere else', async () => {
      const gateway = (headers: Record<string, string>): Test =>
        request(app.http).get('/apikey/verify').set('x-api-key', key).set(headers);
      expect(outcome(await gateway({}))).toEqual([401, 'missing_service_key']);
      expect(outcome(await gateway(AS_SERVICE))).toEqual([401, 'missing_service_key']);
      expect(outcome(await gateway({ ...AS_SERVICE, ...AS_GATEWAY }))).toEqual([400, 'multiple_credentials']);
      expect(outcome(await gateway({ 'x-service-key': key }))).toEqual([401, 'invalid_service_key']);
      await gateway(AS_GATEWAY).expect(200);
    });

    it.each(['Authorization: Bearer KEY', 'X-Service-Key: KEY'])('once: %s', async (header) => {
      const line = header.replace('KEY', SERVICE_KEY);
      const head = ['Host: a', 'Content-Type: application/json', line, line];
      const posted = await rawHttp(app.port, [
        'POST /apikey/verify HTTP/1.1',
        ...head,
        'Content-Length: 11',
        '',
        '{"key":"a"}',
      ]);
      const gotten = await rawHttp(app.port, ['GET /apikey/verify HTTP/1.1', ...head, `x-api-key: ${key}`]);
      for (const answer of [posted, gotten])
        expect(answer).toMatch(/^HTTP\/1.1 400 [^]*multiple_credentials/);
    });

    it('never in a URL', async () => {
      const posted = await request(app.http)
        .post(`/apikey/verify?x=${SERVICE_KEY}`)
        .set(AS_SERVICE)
        .send({ key });
      expect(posted.status).toBe(400);
      const gotten = await request(app.http).get(`/apikey/verify?x=${SERVICE_KEY}`).set(AS_GATEWAY);
      expect(outcome(gotten)).toEqual([400, 'key_in_query']);
      const managed = await request(app.http).get(`/applications?x=${SERVICE_KEY}`).set(AS_SERVICE);
      expect([400, 403]).toContain(managed.status);
      for (const { text } of [posted, gotten, managed]) expect(text).not.toContain(SERVICE_KEY.slice(-20));
    });
  });

  describe('is refused', () => {
    /** Where it is shown to verify, and to manage, on two nodes that had taken it for good. */
    async function everywhere(as: Record<string, string>): Promise<unknown[]> {
      const answers: unknown[] = [];
      for (const node of [app, other]) {
        answers.push(outcome(await ask({ key }, as, node)));
        const managed = request(node.http).get(`/applications/${applicationId}`);
        answers.push(outcome(await managed.set(as)));
      }
      return answers;
    }
    const path = (id: string): string => `/applications/${applicationId}/service-keys/${id}`;

    it.each<[string, (id: string) => Test]>([
      ['it is revoked', (id) => owner.delete(path(id))],
      ['it is disabled', (id) => owner.patch(path(id)).send({ enabled: false })],
      ['it is rotated without an overlap', (id) => owner.post(`${path(id)}/rotate`).send({})],
    ])('everywhere, the moment it is answered that %s', async (_, change) => {
      const { id, as } = await issue(ALL);
      expect(await everywhere(as)).toEqual(
        Array(2)
          .fill([
            [200, 'VALID'],
            [200, undefined],
          ])
          .flat(),
      );
      expect((await change(id)).status).toBeLessThan(300);
      expect(await everywhere(as)).toEqual(Array(4).fill([401, 'invalid_service_key']));
    });

    it('everywhere, the moment it is answered that its application is deleted', async () => {
      const doomed = await owner.createApplication();
      const { key: serviceKey } = await owner.issueServiceKey(doomed);
      const as = { Authorization: `Bearer ${serviceKey}` };
      for (const node of [app, other]) expect((await ask({ key }, as, node)).status).toBe(200);
      await owner.delete(`/applications/${doomed}`).expect(204);
      for (const node of [app, other])
        expect(outcome(await ask({ key }, as, node))).toEqual([401, 'invalid_service_key']);
    });

    it('when a scope is taken from it', async () => {
      const { id, as } = await issue(['keys:verify', 'apikeys:read']);
      await ask({ key }, as).expect(200);
      await owner
        .patch(path(id))
        .send({ scopes: ['apikeys:read'] })
        .expect(200);
      expect(outcome(await ask({ key }, as))).toEqual([403, 'insufficient_scope']);
    });

    it('when it has expired', async () => {
      const { id, as } = await issue(ALL);
      await app.query(`UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
      expect(await everywhere(as)).toEqual(Array(4).fill([401, 'invalid_service_key']));
    });

    it('from an address that it may not be used from, whatever the client of the service has', async () => {
      const { as } = await issue(ALL, { ipAllowlist: ['192.0.2.0/24'] });
      const from = (address: string): Record<string, string> => ({ ...as, 'X-Forwarded-For': address });
      expect(outcome(await ask({ key, ip: '192.0.2.1' }, from('198.51.100.1')))).toEqual([
        403,
        'address_not_allowed',
      ]);
      expect(outcome(await ask({ key, ip: '198.51.100.1' }, from('192.0.2.1')))).toEqual([200, 'VALID']);
      const managed = request(app.http).get('/applications').set(from('198.51.100.1'));
      expect(outcome(await managed)).toEqual([403, 'address_not_allowed']);
    });

    it("where a person's token belongs, and is no API key elsewhere", async () => {
      const { as, key: serviceKey } = await issue(ALL);
      const me = await request(app.http).get('/auth/me').set(as);
      expect(outcome(me)).toEqual([401, 'invalid_token']);
      const twice = request(app.http)
        .get('/applications')
        .set({ ...as, 'x-service-key': serviceKey });
      expect(outcome(await twice)).toEqual([400, 'multiple_credentials']);
      const alone = request(app.http).get('/applications').set('x-service-key', serviceKey);
      expect(outcome(await alone)).toEqual([401, 'unauthenticated']);
    });

    it('when nobody has issued it', async () => {
      const made = `upblit_service_${'0'.repeat(36)}`;
      for (const credential of [
        made,
        'upblit_service_',
        `${SERVICE_KEY}x`,
        SERVICE_KEY.replace('service', 'live'),
      ]) {
        const as = { Authorization: `Bearer ${credential}` };
        expect(outcome(await ask({ key }, as))).toEqual([401, 'invalid_service_key']);
        const managed = await request(app.http).get('/applications').set(as);
        expect(managed.status).toBe(401);
      }
    });
  });

  it('works on with its older secret until the overlap ends, which begins when the new one is first used', async () => {
    const { id, as } = await issue(['keys:verify']);
    const rotated = await owner
      .post(`/applications/${applicationId}/service-keys/${id}/rotate`)
      .send({ overlapSeconds: 3600, activateOnFirstUse: true })
      .expect(200);
    const details = async (): Promise<{
      secrets: { expiresAt: string | null }[];
      lastUsedAt: string | null;
    }> => (await owner.get(`/applications/${applicationId}/service-keys/${id}`).expect(200)).body as never;
    await ask({ key }, as).expect(200);
    expect((await details()).secrets[0]!.expiresAt).toBeNull();
    await ask({ key }, { Authorization: `Bearer ${rotated.body as string}` }).expect(200);
    await eventually(async () => {
      const { secrets, lastUsedAt } = await details();
      expect(secrets[0]!.expiresAt).not.toBeNull();
      expect(lastUsedAt).not.toBeNull();
    });
    await ask({ key }, as).expect(200);
  });

  describe('manages, in its own name,', () => {
    it('the keys of its application: issues, lists, changes, rotates and revokes', async () => {
      const { id: serviceKeyId, as } = await issue(['apikeys:read', 'apikeys:write']);
      const issued = await request(app.http)
        .post(`/apikey?ApplicationId=${applicationId}`)
        .set(as)
        .expect(200);
      const location = issued.headers.location!;
      await request(app.http).patch(location).set(as).send({ name: 'by CI' }).expect(200);
      await request(app.http).post(`${location}/rotate`).set(as).send({}).expect(200);
      const shown = await request(app.http).get(location).set(as).expect(200);
      expect(shown.body).toMatchObject({
        name: 'by CI',
        createdBy: serviceKeyId,
        createdByIssuer: 'service-key',
      });
      const listed = await request(app.http)
        .get(`/apikey?ApplicationId=${applicationId}&limit=1`)
        .set(as)
        .expect(200);
      expect(listed.body.data).toMatchObject([{ id: shown.body.id as string }]);
      const { body } = await request(app.http)
        .post('/apikey/bulk-revoke')
        .set(as)
        .send({ ids: [shown.body.id as string] })
        .expect(200);
      expect(body.results).toMatchObject([{ outcome: 'revoked' }]);
      expect((await owner.get(location)).body).toMatchObject({
        revokedBy: serviceKeyId,
        revokedByIssuer: 'service-key',
      });
    });

    it('nothing of another application', async () => {
      const { as } = await issue(ALL);
      const elsewhere = await owner.createApplication();
      const foreign = await owner.issueKey(elsewhere);
      for (const call of [
        request(app.http).post(`/apikey?ApplicationId=${elsewhere}`),
        request(app.http).get(`/apikey/${foreign.id}`),
        request(app.http).delete(`/apikey/${foreign.id}`),
        request(app.http).get(`/applications/${elsewhere}`),
      ]) {
        expect(outcome(await call.set(as))).toEqual([403, 'not_application_owner']);
      }
      const bulk = await request(app.http)
        .post('/apikey/bulk-revoke')
        .set(as)
        .send({ ids: [foreign.id] });
      expect(bulk.body.results).toEqual([{ id: foreign.id, outcome: 'forbidden' }]);
      expect(await verify(app, foreign.key)).toMatchObject({ code: 'VALID' });
    });

    it('and sees one application: its own', async () => {
      const { as } = await issue(['applications:read']);
      const list = (query: string): Test => request(app.http).get(`/applications${query}`).set(as);
      expect((await list('?limit=1').expect(200)).body).toMatchObject({
        data: [{ id: applicationId }],
        nextCursor: null,
      });
    });

    it('nothing any more when it is revoked while its call is under way', async () => {
      const { id, as } = await issue(['apikeys:write']);
      await request(app.http).post(`/apikey?ApplicationId=${applicationId}`).set(as).expect(200);
      // As if it had been let in before: the record in memory is older than what the transaction finds.
      await app.query('ALTER TABLE api_keys DISABLE TRIGGER USER');
      await app.query(
        `UPDATE api_keys SET revoked_at = now(), revoked_by_issuer = 'local', revoked_by_subject = 'x' WHERE id = $1`,
        [id],
      );
      await app.query('ALTER TABLE api_keys ENABLE TRIGGER USER');
      for (const [method, path] of [
        ['post', `/apikey?ApplicationId=${applicationId}`],
        ['patch', `/apikey/${keyId}`],
        ['delete', `/apikey/${keyId}`],
      ] as const) {
        const call = request(app.http)[method](path).set(as);
        const answer = await (method === 'delete' ? call : call.send({}));
        expect(outcome(answer)).toEqual([401, 'invalid_service_key']);
      }
      expect(await verify(app, key)).toMatchObject({ code: 'VALID' });
    });
  });
});
