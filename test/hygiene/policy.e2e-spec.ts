import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const NOTHING = {
  maxLifetime: null,
  requireExpiry: false,
  requireIpAllowlist: false,
  allowedScopes: null,
  rotateEvery: null,
  onLeak: 'revoke',
};

describe('the policy of an application', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let path: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    path = `/applications/${applicationId}/policy`;
  });

  const policy = async (): Promise<unknown> => (await owner.get(path).expect(200)).body;

  it('demands nothing until somebody sets it, and then what was set, field by field', async () => {
    expect(await policy()).toEqual(NOTHING);
    const strict = {
      maxLifetime: 90,
      requireExpiry: true,
      requireIpAllowlist: true,
      allowedScopes: ['orders:*'],
      rotateEvery: 30,
      onLeak: 'disable',
    };
    const { body } = await owner.patch(path).send(strict).expect(200);
    expect(body).toMatchObject(strict);
    expect(await policy()).toEqual(strict);
    await owner.patch(path).send({ maxLifetime: null, onLeak: 'flag' }).expect(200);
    expect(await policy()).toEqual({ ...strict, maxLifetime: null, onLeak: 'flag' });
    await owner.patch(path).send({}).expect(200);
    expect(await policy()).toEqual({ ...strict, maxLifetime: null, onLeak: 'flag' });
  });

  it('is set by owners and admins alone, and read by every member', async () => {
    const [admin, viewer, stranger] = await Promise.all([1, 2, 3].map(() => Client.signedIn(app)));
    await owner.takeIn(applicationId, admin!, 'admin');
    await owner.takeIn(applicationId, viewer!, 'viewer');
    await admin!.patch(path).send({ rotateEvery: 30 }).expect(200);
    await viewer!.get(path).expect(200);
    expect((await viewer!.patch(path).send({ rotateEvery: null }).expect(403)).body.code).toBe(
      'insufficient_role',
    );
    expect((await stranger!.get(path).expect(403)).body.code).toBe('not_application_owner');
    const readOnly = await Client.signedIn(app, { scope: 'applications:read' });
    expect((await readOnly.patch(path).send({}).expect(403)).body.code).toBe('insufficient_scope');
    expect(await policy()).toMatchObject({ rotateEvery: 30 });
  });

  it('keeps both of two changes that come at once', async () => {
    await Promise.all([
      owner.patch(path).send({ rotateEvery: 30 }).expect(200),
      owner.patch(path).send({ maxLifetime: 90 }).expect(200),
      owner.patch(`/applications/${applicationId}`).send({ name: 'renamed' }).expect(200),
    ]);
    expect(await policy()).toEqual({ ...NOTHING, rotateEvery: 30, maxLifetime: 90 });
  });

  it('refuses what is no policy, naming the field, and changes nothing', async () => {
    const wrong: Record<string, unknown[]> = {
      maxLifetime: [0, -1, 3651, 1.5, '90', [90], {}, true, 1e300],
      rotateEvery: [0, 3651, '30', [], {}],
      requireExpiry: [null, 'true', 1, []],
      requireIpAllowlist: [null, 'true', 1, {}],
      allowedScopes: [
        'orders',
        [1],
        [null],
        ['a b'],
        ['a', 'a'],
        Array.from({ length: 101 }, (_, i) => `s${i}`),
        {},
      ],
      onLeak: [null, 'delete', 'REVOKE', ['revoke'], 1],
      maxLifetimeDays: [90],
      __proto__x: [1],
    };
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const { body, status } = await owner.patch(path).send({ [field]: value });
        expect([field, value, status, body.code]).toEqual([field, value, 400, 'validation_failed']);
        expect(JSON.stringify(body.errors)).toContain(field);
      }
    }
    expect(await policy()).toEqual(NOTHING);
  });

  it('stands in the audit trail, with what it was and what it is', async () => {
    await owner.patch(path).send({ rotateEvery: 30, onLeak: 'revoke' }).expect(200);
    const { body } = await owner.get(`/applications/${applicationId}/audit`).expect(200);
    expect(body.data[0]).toMatchObject({
      action: 'ApplicationPolicyChanged',
      before: { rotateEvery: null },
      after: { rotateEvery: 30 },
    });
  });
});
