import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { TestApp } from '../support/test-app.js';

/** How long a node that says nothing any more may answer from memory. */
const SILENT_MS = 300;

const REQUEST = { scopes: ['a'], ip: '198.51.100.7' };

/** Nobody may rely on a key that is refused; but once a change that allows it is answered, no node refuses it. */
describe('When a change that allows more has been answered', () => {
  let app: TestApp;
  let other: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    other = await TestApp.start({ database: app.database });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  it.each<[string, object, object, string]>([
    ['enabling', { enabled: false }, { enabled: true }, 'DISABLED'],
    ['more scopes', { scopes: ['b'] }, { scopes: ['a', 'b'] }, 'INSUFFICIENT_PERMISSIONS'],
    ['more addresses', { ipAllowlist: ['192.0.2.0/24'] }, { ipAllowlist: [] }, 'FORBIDDEN'],
    ['credits', { credits: { remaining: 0 } }, { credits: { remaining: 10 } }, 'USAGE_EXCEEDED'],
  ])('%s holds on every node, and has waited for one that says nothing', async (_, narrow, widen, code) => {
    const { id, key } = await owner.issueKey(applicationId, { scopes: ['a'] });
    await owner.patch(`/apikey/${id}`).send(narrow).expect(200);
    for (const node of [app, other]) {
      expect(await verify(node, key, REQUEST)).toMatchObject({ valid: false, code });
    }
    await addSilentNode(app, SILENT_MS);
    const waited = await timeOf(owner.patch(`/apikey/${id}`).send(widen).expect(200));

    for (const node of [app, other]) expect(await verify(node, key, REQUEST)).toMatchObject({ valid: true });
    expect(waited).toBeGreaterThanOrEqual(SILENT_MS);
  });

  it('a longer life holds on every node', async () => {
    const { id, key } = await expired();
    await addSilentNode(app, SILENT_MS);
    const waited = await timeOf(owner.patch(`/apikey/${id}`).send({ expiresAt: null }).expect(200));

    for (const node of [app, other]) expect(await verify(node, key)).toMatchObject({ valid: true });
    expect(waited).toBeGreaterThanOrEqual(SILENT_MS);
  });

  it('an import holds on every node, though each has just been told that there is no such key', async () => {
    const key = `legacy_${randomBytes(24).toString('base64url')}`;
    for (const node of [app, other]) expect(await verify(node, key)).toMatchObject({ code: 'NOT_FOUND' });
    await addSilentNode(app, SILENT_MS);
    const keys = [{ sha256: createHash('sha256').update(key).digest('hex') }];
    const importing = owner.post(`/apikey/import?ApplicationId=${applicationId}`).send({ keys }).expect(200);
    const waited = await timeOf(importing);

    for (const node of [app, other]) expect(await verify(node, key)).toMatchObject({ valid: true });
    expect(waited).toBeGreaterThanOrEqual(SILENT_MS);
  });

  async function expired(): Promise<CreatedKey> {
    const expiresAt = new Date(Date.now() + 200).toISOString();
    const issued = await owner.issueKey(applicationId, { expiresAt });
    for (const node of [app, other]) {
      await eventually(async () => {
        expect(await verify(node, issued.key)).toMatchObject({ code: 'EXPIRED' });
      });
    }
    return issued;
  }
});
