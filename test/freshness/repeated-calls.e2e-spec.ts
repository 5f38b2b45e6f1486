import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { AccountAdministration } from '../../src/modules/auth/index.js';
import { systemActor } from '../../src/shared/actor.js';
import { Client, verify } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, signIn } from '../support/sign-in.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestApp } from '../support/test-app.js';

/** In the look at the other nodes after a commit, and not in that of the housekeeping, which comes at any time. */
const LOOK = 'ARRAY(SELECT id::text FROM key_changes';

/** In what looks an application up, with the caller's role; through a pooler statements have no names. */
const lookUp = ({ directUrl }: TestDatabase): string =>
  directUrl === undefined ? 'applications_and_roles' : 'LEFT JOIN application_members';

const NEW_PASSWORD = 'a longer walk in the mountains';

/** Milliseconds of the lease of a node that has fallen silent. */
const SILENT = 500;

describe('a call that repeats one whose change is committed, and which could not wait until it held', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let app: TestApp;
  let owner: Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    const proxied = await TcpProxy.before(database.url);
    proxy = proxied.proxy;
    app = await TestApp.start({ database: { url: proxied.url, drop: () => database.drop() } });
    owner = await Client.signedIn(app);
  });
  afterEach(async () => {
    await proxy.restore();
    await eventually(() => owner.get('/applications').expect(200));
  });
  afterAll(async () => {
    await app.stop();
    await proxy.stop();
    await database.drop();
  });

  const post = (path: string, body: object): request.Test => request(app.http).post(path).send(body);

  /** Lets a call come to its commit, and no further. */
  async function cutOff(call: request.Test): Promise<void> {
    const looks = proxy.holdAt(LOOK, 'before');
    const answered = call.then(({ status, body }) => [status, body.code as string]);
    await looks;
    proxy.cut();
    expect(await answered).toEqual([503, 'service_unavailable']);
    await proxy.restore();
    await eventually(() => owner.get('/applications').expect(200));
  }

  async function expectToWait(call: () => request.Test, status: number, code: string): Promise<void> {
    await addSilentNode(app, SILENT);
    const answered = call().then((answer) => answer);
    expect(await timeOf(answered)).toBeGreaterThan(SILENT / 2);
    expect([(await answered).status, (await answered).body.code]).toEqual([status, code]);
  }

  it('that deleted an application is answered 404 once that holds on every node', async () => {
    const applicationId = await owner.createApplication();
    const { key } = await owner.issueKey(applicationId);
    await cutOff(owner.delete(`/applications/${applicationId}`));
    await addSilentNode(app, SILENT);
    const repeated = owner.delete(`/applications/${applicationId}`).expect(404);
    expect(await timeOf(repeated)).toBeGreaterThan(SILENT / 2);
    expect((await verify(app, key)).code).toBe('REVOKED');
  });

  it('that deleted an application is not answered 404 for what a server that knows otherwise has read', async () => {
    const applicationId = await owner.createApplication();
    await app.query('UPDATE applications SET deleted_at = now() WHERE id = $1', [applicationId]);
    const asks = proxy.holdAt(lookUp(database), 'after');
    const answered = owner
      .delete(`/applications/${applicationId}`)
      .then(({ status, headers }) => [status, headers['retry-after']]);
    await asks;
    // The deletion was in the old primary alone; the new one never had it.
    await app.query('UPDATE applications SET deleted_at = NULL WHERE id = $1', [applicationId]);
    await proxy.restore();
    expect(await answered).toEqual([503, '1']);
    await owner.delete(`/applications/${applicationId}`).expect(204);
  });

  it('that took a member out is answered 404 once that holds on every node', async () => {
    const applicationId = await owner.createApplication();
    const member = await Client.signedIn(app);
    const path = `/applications/${applicationId}/members/${member.userId}`;
    await owner.takeIn(applicationId, member, 'admin');
    await cutOff(owner.delete(path));
    await addSilentNode(app, SILENT);
    const repeated = owner.delete(path).expect(404);
    expect(await timeOf(repeated)).toBeGreaterThan(SILENT / 2);
    expect((await repeated).body.code).toBe('member_not_found');
    await member.get(`/applications/${applicationId}`).expect(403);
  });

  it('that rotated a key is answered the same secret once the end of the old one holds on every node', async () => {
    const { id, key } = await owner.issueKey(await owner.createApplication());
    const idempotencyKey = randomUUID();
    const rotate = (): request.Test =>
      owner.post(`/apikey/${id}/rotate`).set('Idempotency-Key', idempotencyKey);
    await cutOff(rotate());
    await addSilentNode(app, SILENT);
    const repeated = rotate().expect(200);
    expect(await timeOf(repeated)).toBeGreaterThan(SILENT / 2);
    const { body } = await repeated;
    expect((await verify(app, key)).code).toBe('REVOKED');
    expect((await verify(app, body as string)).code).toBe('VALID');
    expect((await rotate().expect(200)).body).toBe(body);
    expect((await owner.get(`/apikey/${id}`)).body.secrets).toHaveLength(1);
  });

  it('that rotated a key without an Idempotency-Key is answered another secret', async () => {
    const { id, key } = await owner.issueKey(await owner.createApplication());
    await cutOff(owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 3600 }));
    expect((await verify(app, key)).code).toBe('VALID');
    const { body } = await owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 0 }).expect(200);
    expect((await verify(app, key)).code).toBe('REVOKED');
    expect((await verify(app, body as string)).code).toBe('VALID');
  });

  it('that took up an offer is answered 404 once that holds on every node', async () => {
    const applicationId = await owner.createApplication();
    const receiver = await Client.signedIn(app);
    const { body } = await owner
      .post(`/applications/${applicationId}/transfer`)
      .send({ subject: receiver.userId })
      .expect(202);
    await cutOff(receiver.accept(body.id as string));
    await expectToWait(() => receiver.accept(body.id as string), 404, 'offer_not_found');
  });

  it('that showed a spent refresh token is answered 401 once the end of the login holds on every node', async () => {
    const { refreshToken } = await signIn(app);
    const refresh = (): request.Test => post('/auth/refresh', { refreshToken });
    await refresh().expect(200);
    await cutOff(refresh());
    await expectToWait(refresh, 401, 'invalid_refresh_token');
  });

  it('that changed a password is answered 403 once the end of the other sessions holds on every node', async () => {
    const { accessToken } = await signIn(app);
    const change = (): request.Test =>
      post('/auth/password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }).auth(accessToken, {
        type: 'bearer',
      });
    await cutOff(change());
    await expectToWait(change, 403, 'wrong_password');
  });

  it('that reset a password is answered 401 once the end of the sessions holds on every node', async () => {
    const { user } = await signIn(app);
    const accounts = app.nest.get(AccountAdministration, { strict: false });
    const token = (await accounts.issueReset(systemActor('operator'), user.email)).reveal();
    const reset = (): request.Test => post('/auth/password/reset', { token, password: NEW_PASSWORD });
    await cutOff(reset());
    await expectToWait(reset, 401, 'invalid_one_time_token');
  });

  it('that deletes an application while the first still waits, waits as long', async () => {
    const applicationId = await owner.createApplication();
    const { key } = await owner.issueKey(applicationId);
    await addSilentNode(app, SILENT);
    const answers = Array.from({ length: 2 }, () => owner.delete(`/applications/${applicationId}`));
    const times = await Promise.all(answers.map((answer) => timeOf(answer)));
    for (const time of times) expect(time).toBeGreaterThan(SILENT / 2);
    expect((await verify(app, key)).code).toBe('REVOKED');
  });
});
