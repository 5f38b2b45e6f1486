import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Test } from 'supertest';
import { Client, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

interface Check {
  code: string;
  outcome: string;
  detail: string;
}

describe('POST /applications/:id/try-key', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let id: string;
  let key: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    ({ id, key } = await owner.issueKey(applicationId, {
      name: 'collector',
      scopes: ['a:read'],
      ipAllowlist: ['192.0.2.0/24'],
      rateLimits: [{ name: 'burst', limit: 2, windowSeconds: 600 }],
      credits: { remaining: 5 },
    }));
  });

  const attempt = (body: object, who = owner): Test =>
    who.post(`/applications/${applicationId}/try-key`).send(body);
  const outcomes = (checks: Check[]): Record<string, string> =>
    Object.fromEntries(checks.map(({ code, outcome }) => [code, outcome]));
  const GOOD = { scopes: ['a:read'], ip: '192.0.2.7' };

  it('tells the outcome of every check, in the order of a verification', async () => {
    const { body, headers } = await attempt({ key, ...GOOD, cost: 4 }).expect(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toMatchObject({
      valid: true,
      code: 'VALID',
      key: { id, name: 'collector', environment: 'live', scopes: ['a:read'] },
    });
    expect(body.checks.map(({ code, outcome }: Check) => [code, outcome])).toEqual(
      [
        'NOT_FOUND',
        'REVOKED',
        'DISABLED',
        'EXPIRED',
        'FORBIDDEN',
        'INSUFFICIENT_PERMISSIONS',
        'RATE_LIMITED',
        'USAGE_EXCEEDED',
      ].map((code) => [code, 'passed']),
    );
    expect(JSON.stringify(body)).not.toContain(key);
  });

  it('tells everything that is wrong, and the first of it as the verdict', async () => {
    await owner.patch(`/apikey/${id}`).send({ enabled: false }).expect(200);
    const { body } = await attempt({ key, scopes: ['a:read', 'a:write'], ip: '198.51.100.1', cost: 6 });
    expect(body).toMatchObject({ valid: false, code: 'DISABLED' });
    expect(outcomes(body.checks)).toMatchObject({
      REVOKED: 'passed',
      DISABLED: 'failed',
      FORBIDDEN: 'failed',
      INSUFFICIENT_PERMISSIONS: 'failed',
      RATE_LIMITED: 'passed',
      USAGE_EXCEEDED: 'failed',
    });
    const missing = body.checks.find(({ code }: Check) => code === 'INSUFFICIENT_PERMISSIONS');
    expect(missing.detail).toBe('It lacks a:write.');
  });

  it('takes nothing of limits and credits, and counts no use', async () => {
    for (let times = 0; times < 5; times += 1) await attempt({ key, ...GOOD, cost: 4 }).expect(200);
    expect(await verify(app, key, { ...GOOD, cost: 5 })).toMatchObject({
      valid: true,
      rateLimits: [{ remaining: 1 }],
      credits: { remaining: 0 },
    });
    await attempt({ key, ...GOOD }).expect(200);
    const { body } = await attempt({ key, ...GOOD });
    expect(body).toMatchObject({ valid: false, code: 'USAGE_EXCEEDED' });
    // The verification, which is written with its credits, is all that there is; and no refusal is told of.
    const usage = await owner.get(`/apikey/${id}/usage`).expect(200);
    expect(Object.values(usage.body.counts as Record<string, number>).reduce((sum, n) => sum + n)).toBe(1);
    expect((await owner.get(`/apikey/${id}/denials`).expect(200)).body.data).toEqual([]);
  });

  it('agrees with a verification, whatever has happened to the key', async () => {
    const agree = async (): Promise<string> => {
      const { body } = await attempt({ key, ...GOOD, cost: 0 }).expect(200);
      expect(body.code).toBe((await verify(app, key, { ...GOOD, cost: 0 })).code);
      return body.code as string;
    };
    expect(await agree()).toBe('VALID');
    await owner.post(`/apikey/${id}/rotate`).send({}).expect(200);
    expect(await agree()).toBe('REVOKED');
    ({ id, key } = await owner.issueKey(applicationId));
    await owner.patch(`/apikey/${id}`).send({ enabled: false }).expect(200);
    expect(await agree()).toBe('DISABLED');
    await owner.delete(`/apikey/${id}`).expect(204);
    expect(await agree()).toBe('REVOKED');
  });

  it('knows no key of another application, no service key and no junk, and tells them apart in nothing', async () => {
    const other = await owner.createApplication();
    const answers = [];
    for (const strange of [
      (await owner.issueKey(other)).key,
      (await owner.issueServiceKey(applicationId)).key,
      `${key.slice(0, -1)}!`,
      '',
    ]) {
      const { body } = await attempt({ key: strange }).expect(200);
      answers.push(body);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ valid: false, code: 'NOT_FOUND', key: null });
    expect(Object.values(outcomes(answers[0].checks as Check[])).slice(1)).toEqual(
      Array.from({ length: 7 }, () => 'not_checked'),
    );
  });

  it('is for owners and admins alone', async () => {
    const admin = await Client.signedIn(app);
    const viewer = await Client.signedIn(app);
    await owner.takeIn(applicationId, admin, 'admin');
    await owner.takeIn(applicationId, viewer, 'viewer');
    await attempt({ key }, admin).expect(200);
    expect((await attempt({ key }, viewer).expect(403)).body.code).toBe('insufficient_role');
    const stranger = await Client.signedIn(app);
    expect((await attempt({ key }, stranger).expect(403)).body.code).toBe('not_application_owner');
    const machine = await owner.issueServiceKey(applicationId, { name: 'm', scopes: ['apikeys:read'] });
    const asMachine = new Client(app, { accessToken: machine.key, user: { id: '' } });
    await attempt({ key }, asMachine).expect(403);
  });

  it.each([
    [{}, 'key'],
    [{ key: 7 }, 'key'],
    [{ key: 'x'.repeat(513) }, 'key'],
    [{ key: 'x', scopes: 'a' }, 'scopes'],
    [{ key: 'x', scopes: ['with space'] }, 'scopes'],
    [{ key: 'x', scopes: Array.from({ length: 101 }, () => 'a') }, 'scopes'],
    [{ key: 'x', ip: 'nowhere' }, 'ip'],
    [{ key: 'x', cost: -1 }, 'cost'],
    [{ key: 'x', cost: 0.5 }, 'cost'],
    [{ key: 'x', more: 1 }, 'more'],
  ])('refuses %j at its field', async (body, field) => {
    const answer = await attempt(body).expect(400);
    expect(answer.body.errors[0].field).toMatch(new RegExp(`^${field}`));
  });
});
