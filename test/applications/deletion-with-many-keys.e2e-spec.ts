import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeysOfDeletedApplications } from '../../src/modules/api-keys/infrastructure/keys-of-deleted-applications.js';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { insertIdleKeys } from '../support/many-keys.js';
import { TestApp } from '../support/test-app.js';

const KEYS = 2_500;
/** What one transaction may revoke, so that it ends in time whatever the application. */
const AT_ONCE = 1_000;

describe('an application with many keys', () => {
  let nodes: [TestApp, TestApp];
  let owner: Client;

  beforeAll(async () => {
    const app = await TestApp.start();
    nodes = [app, await TestApp.start({ database: app.database })];
    owner = await Client.signedIn(app);
  });
  afterAll(async () => {
    await nodes[1].stop();
    await nodes[0].stop();
  });

  /** With keys that every node has in memory, and that come last when they are marked. */
  async function deleted(): Promise<{ applicationId: string; keys: CreatedKey[] }> {
    const applicationId = await owner.createApplication();
    const first = await owner.issueKey(applicationId);
    await insertIdleKeys(nodes[0], applicationId, KEYS);
    const keys = [first, await owner.issueKey(applicationId)];
    for (const node of nodes) {
      for (const { key } of keys) expect(await verify(node, key)).toMatchObject({ valid: true });
    }
    await owner.delete(`/applications/${applicationId}`).expect(204);
    return { applicationId, keys };
  }

  async function unrevoked(applicationId: string): Promise<number> {
    const [row] = (await nodes[0].query(
      'SELECT count(*)::integer AS keys FROM api_keys WHERE application_id = $1 AND revoked_at IS NULL',
      [applicationId],
    )) as [{ keys: number }];
    return row.keys;
  }

  /** Whoever finds the other at work leaves the rest to it, so both are seen to be done. */
  async function markAll(node: TestApp): Promise<void> {
    await eventually(async () => {
      await node.nest.get(KeysOfDeletedApplications, { strict: false }).run();
      expect(await nodes[0].query('SELECT FROM pending_key_revocations')).toEqual([]);
    });
  }

  it('is deleted by a transaction that writes a bounded number of them', async () => {
    const { applicationId } = await deleted();
    await markAll(nodes[0]);
    const [most] = (await nodes[0].query(
      `SELECT max(keys)::integer AS keys FROM (
         SELECT count(*) AS keys FROM api_keys WHERE application_id = $1 GROUP BY xmin::text) AS transactions`,
      [applicationId],
    )) as [{ keys: number }];
    expect(most.keys).toBeLessThanOrEqual(AT_ONCE);
  });

  it('ends all of them on every node at once, whether or not they are marked', async () => {
    const { applicationId, keys } = await deleted();
    for (const node of nodes) {
      for (const { key } of keys) {
        expect(await verify(node, key)).toEqual({ valid: false, code: 'REVOKED' });
        expect(await verify(node, key, { applicationId })).toEqual({ valid: false, code: 'REVOKED' });
      }
    }
    const { body } = await owner.get(`/apikey?ApplicationId=${applicationId}`).expect(404);
    expect(body.code).toBe('application_not_found');
    for (const { id } of keys) {
      for (const call of [owner.get(`/apikey/${id}`), owner.patch(`/apikey/${id}`).send({ enabled: true })]) {
        const { status, body: problem } = await call;
        expect([status, problem.code]).toEqual([404, 'api_key_not_found']);
      }
    }
  });

  it('has the others marked by any node, as of its deletion, and no key of another application', async () => {
    const other = await owner.createApplication();
    await insertIdleKeys(nodes[0], other, 10);
    const { applicationId } = await deleted();
    await markAll(nodes[1]);
    expect(await unrevoked(applicationId)).toBe(0);
    expect(await unrevoked(other)).toBe(10);
    expect(
      await nodes[0].query(
        `SELECT DISTINCT k.revoked_at = a.deleted_at AS then, k.revoked_by_subject AS by
           FROM api_keys k JOIN applications a ON a.id = k.application_id WHERE a.id = $1`,
        [applicationId],
      ),
    ).toEqual([{ then: true, by: owner.userId }]);
  });

  it('has them marked by one node where another has stopped midway, and by both at once', async () => {
    const { applicationId } = await deleted();
    await Promise.all([...nodes, ...nodes].map(markAll));
    expect(await unrevoked(applicationId)).toBe(0);
  });
});
