import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { TestApp } from '../support/test-app.js';

/** How long a node that says nothing any more may answer from memory. */
const SILENT_MS = 300;

interface Subject extends CreatedKey {
  applicationId: string;
  secretId: string;
}

/** Narrows what a key may do. */
type Change = (owner: Client, subject: Subject) => PromiseLike<{ status: number }>;

const patch =
  (body: object): Change =>
  (owner, { id }) =>
    owner.patch(`/apikey/${id}`).send(body);
const patchLimits =
  (body: object): Change =>
  (owner, { applicationId }) =>
    owner.patch(`/applications/${applicationId}/limits`).send(body);

describe('when a change has been answered', () => {
  let app: TestApp;
  /** Has the key in its memory. */
  let other: TestApp;
  let owner: Client;

  beforeAll(async () => {
    app = await TestApp.start();
    other = await TestApp.start({ database: app.database });
    owner = await Client.signedIn(app);
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  async function subject(): Promise<Subject> {
    const applicationId = await owner.createApplication();
    const key = await owner.issueKey(applicationId, { scopes: ['a'], externalId: 'customer' });
    // So that its first secret can be ended.
    await owner.post(`/apikey/${key.id}/rotate`).send({ overlapSeconds: 3600 }).expect(200);
    const { secretId } = await verify(other, key.key);
    return { ...key, applicationId, secretId: String(secretId) };
  }

  it.each<[string, Change, string]>([
    ['a rotation without overlap', (by, { id }) => by.post(`/apikey/${id}/rotate`), 'REVOKED'],
    [
      'the end of a secret',
      (by, { id, secretId }) => by.delete(`/apikey/${id}/secrets/${secretId}`),
      'REVOKED',
    ],
    ['a revocation', (by, { id }) => by.delete(`/apikey/${id}`), 'REVOKED'],
    [
      'a revocation among others',
      (by, { id }) => by.post('/apikey/bulk-revoke').send({ ids: [id] }),
      'REVOKED',
    ],
    [
      'a revocation of all keys of a customer',
      (by, { applicationId }) =>
        by.post('/apikey/bulk-revoke').send({ applicationId, filter: { externalId: 'customer' } }),
      'REVOKED',
    ],
    [
      'the deletion of its application',
      (by, { applicationId }) => by.delete(`/applications/${applicationId}`),
      'REVOKED',
    ],
    ['disabling', patch({ enabled: false }), 'DISABLED'],
    ['a list of addresses', patch({ ipAllowlist: ['192.0.2.0/24'] }), 'FORBIDDEN'],
    ['another list of scopes', patch({ scopes: ['b'] }), 'INSUFFICIENT_PERMISSIONS'],
    [
      'a rate limit of the key',
      patch({ rateLimits: [{ name: 'costly', limit: 1, windowSeconds: 3600 }] }),
      'RATE_LIMITED',
    ],
    [
      'a rate limit of the application',
      patchLimits({ rateLimits: [{ name: 'costly', limit: 1, windowSeconds: 3600 }] }),
      'RATE_LIMITED',
    ],
    ['credits of the key that are used up', patch({ credits: { remaining: 0 } }), 'USAGE_EXCEEDED'],
    [
      'credits of the application that are used up',
      patchLimits({ credits: { remaining: 0 } }),
      'USAGE_EXCEEDED',
    ],
  ])('%s holds on every node, and has waited for one that says nothing', async (_, change, code) => {
    const key = await subject();
    const request = { scopes: ['a'], ip: '198.51.100.7' };
    expect(await verify(other, key.key, request)).toMatchObject({ valid: true });
    await addSilentNode(app, SILENT_MS);
    let status: number | undefined;
    const waited = await timeOf(change(owner, key).then((answer) => (status = answer.status)));
    // A limit of one lets one pass.
    if (code === 'RATE_LIMITED') expect(await verify(other, key.key, request)).toMatchObject({ valid: true });
    expect(await verify(other, key.key, request)).toMatchObject({ valid: false, code });
    expect(waited).toBeGreaterThanOrEqual(SILENT_MS);
    expect(status).toBeLessThan(300);
  });
});
