import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, foreignKey, verify } from '../support/builders.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { forgedKey, unissuedKey } from '../support/made-up-keys.js';
import { TestApp } from '../support/test-app.js';

type Answer = request.Response;

interface LeakEvent {
  action: string;
  before: object | null;
  after: { onLeak: string; enabled?: boolean };
}

/** Milliseconds of the lease of a node that has fallen silent. */
const SILENT = 600;

describe('POST /leaks/report', () => {
  let app: TestApp;
  let other: TestApp;
  let owner: Client;
  let applicationId: string;
  beforeAll(async () => {
    app = await TestApp.start();
    other = await TestApp.start({ database: app.database });
    owner = await Client.signedIn(app);
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });
  beforeEach(async () => {
    applicationId = await owner.createApplication();
  });

  const report = (...keys: unknown[]): request.Test => request(app.http).post('/leaks/report').send({ keys });
  const show = async (id: string): Promise<Record<string, unknown>> =>
    (await owner.get(`/apikey/${id}`).expect(200)).body as Record<string, unknown>;
  const leaksIn = async (application = applicationId): Promise<LeakEvent[]> => {
    const { body } = await owner.get(`/applications/${application}/audit?limit=100`).expect(200);
    return (body.data as LeakEvent[]).filter(({ action }) => action.endsWith('Leaked'));
  };
  const policy = (onLeak: string): request.Test =>
    owner.patch(`/applications/${applicationId}/policy`).send({ onLeak });

  it('revokes a key, unless the policy of its application says otherwise, and that holds on every node', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    const kept = await owner.issueKey(applicationId);
    expect(await verify(other, key)).toMatchObject({ valid: true });
    await report(key).expect(204);
    expect(await verify(other, key)).toEqual({ valid: false, code: 'REVOKED' });
    expect(await verify(other, kept.key)).toMatchObject({ valid: true });
    expect(await show(id)).toMatchObject({
      status: 'revoked',
      leakedAt: expect.any(String),
      leakedFrom: null,
      revokedBy: 'leak',
      revokedByIssuer: 'system',
    });
    expect(await show(kept.id)).toMatchObject({ leakedAt: null, leakedFrom: null });
    const [leak, ...more] = await leaksIn();
    expect(more).toEqual([]);
    expect(leak).toMatchObject({
      action: 'ApiKeyLeaked',
      target: { kind: 'api_key', id },
      after: { onLeak: 'revoke', reportedBy: 'anybody', leakedFrom: null },
    });
    expect(JSON.stringify(leak)).not.toContain(key.slice(12, -4));
  });

  it('disables it, or marks it and lets it work, where that is the policy; told once, however often it is reported', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await policy('flag').expect(200);
    await report(key).expect(204);
    await report(key).expect(204);
    expect(await verify(other, key)).toMatchObject({ valid: true });
    expect(await show(id)).toMatchObject({ status: 'active', leakedAt: expect.any(String) });
    expect(await leaksIn()).toHaveLength(1);
    await policy('disable').expect(200);
    await report(key).expect(204);
    expect(await verify(other, key)).toEqual({ valid: false, code: 'DISABLED' });
    await report(key).expect(204);
    const leaks = await leaksIn();
    expect(leaks.map(({ before, after }) => [before, after.onLeak, after.enabled])).toEqual([
      [{ enabled: true }, 'disable', false],
      [null, 'flag', undefined],
    ]);
  });

  it('lets the mark go with the secret, and harms no key whose leaked secret has ended', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await policy('flag').expect(200);
    await report(key).expect(204);
    const { body: fresh } = await owner.post(`/apikey/${id}/rotate`).send({}).expect(200);
    expect(await show(id)).toMatchObject({ leakedAt: null });
    await policy('revoke').expect(200);
    await report(key).expect(204);
    expect(await verify(app, fresh as string)).toMatchObject({ valid: true, keyId: id });
  });

  it('takes service keys, too', async () => {
    const machine = await owner.issueServiceKey(applicationId);
    await report(machine.key).expect(204);
    await request(other.http)
      .post('/apikey/verify')
      .set('Authorization', `Bearer ${machine.key}`)
      .send({ key: '' })
      .expect(401);
    const { body } = await owner.get(`/applications/${applicationId}/service-keys/${machine.id}`).expect(200);
    expect(body).toMatchObject({ status: 'revoked', leakedAt: expect.any(String) });
    expect(await leaksIn()).toMatchObject([{ action: 'ServiceKeyLeaked' }]);
  });

  it('finds an imported key by its hash, in every application that has it', async () => {
    const foreign = foreignKey();
    const second = await owner.createApplication();
    for (const id of [applicationId, second]) await owner.importKeys(id, [foreign]);
    await report(foreign).expect(204);
    for (const id of [applicationId, second]) {
      expect(await verify(other, foreign, { applicationId: id })).toEqual({ valid: false, code: 'REVOKED' });
      expect(await leaksIn(id)).toHaveLength(1);
    }
  });

  it('looks nothing up for what nobody can have issued, however much of it there is', async () => {
    const lookedUp = async (): Promise<string[]> =>
      (await request(app.http).get('/metrics')).text.match(/^upblit_verification_database_keys_total.*$/gm) ??
      [];
    const before = await lookedUp();
    const forged = Array.from({ length: 100 }, () => forgedKey());
    await report(...forged).expect(204);
    expect(await lookedUp()).toEqual(before);
  });

  it('answers alike, and waits alike, whether there is such a key or not', async () => {
    const { key } = await owner.issueKey(applicationId);
    const gone = await owner.issueKey(applicationId);
    await owner.delete(`/apikey/${gone.id}`).expect(204);
    const told = ({ status, text, headers }: Answer): unknown => {
      const { date: _date, 'x-request-id': _id, ...rest } = headers as Record<string, string>;
      return { status, text, rest };
    };
    const answers: unknown[] = [];
    for (const text of [key, gone.key, unissuedKey(), forgedKey(), foreignKey(), 'x']) {
      await addSilentNode(app, SILENT);
      let answer: Answer | undefined;
      const took = await timeOf(report(text).then((one) => (answer = one)));
      expect({ text: text.slice(0, 8), hasWaited: took > SILENT / 2 }).toMatchObject({ hasWaited: true });
      answers.push(told(answer!));
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it.each([
    ['no keys', {}],
    ['none in the list', { keys: [] }],
    ['101', { keys: Array.from({ length: 101 }, () => 'x') }],
    ['an empty one', { keys: [''] }],
    ['one of 513 characters', { keys: ['x'.repeat(513)] }],
    ['one that is no text', { keys: [1] }],
    ['text', { keys: 'x' }],
    ['null', { keys: [null] }],
    ['what is no Unicode text', { keys: ['\ud800'] }],
    ['what no database holds', { keys: ['\u0000'] }],
    ['something else', { keys: ['x'], url: 'https://example.com' }],
  ])('refuses %s', async (_, body) => {
    const answer = await request(app.http).post('/leaks/report').send(body).expect(400);
    expect(answer.body.code).toBe('validation_failed');
  });

  it('takes a hundred strings of any kind, and one twice', async () => {
    const odd = ['😀', ' ', 'upblit_live_', 'x'.repeat(512), 'x'.repeat(512), "' OR 1=1 --"];
    await report(...odd, ...Array.from({ length: 92 }, () => foreignKey())).expect(204);
  });

  it('is limited for each address', async () => {
    const strict = await TestApp.start({
      database: app.database,
      env: { AUTH_RATE_LIMIT_PER_ADDRESS: '2' },
    });
    try {
      const call = (): request.Test =>
        request(strict.http)
          .post('/leaks/report')
          .send({ keys: ['x'] });
      await call().expect(204);
      await call().expect(204);
      expect((await call().expect(429)).headers['retry-after']).toMatch(/^\d+$/);
    } finally {
      await strict.stop();
    }
  });
});
