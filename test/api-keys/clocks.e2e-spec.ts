import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Freshness } from '../../src/modules/freshness/index.js';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { SetClock, SleepingClock } from '../support/fake-clock.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestApp } from '../support/test-app.js';

const HOUR = 3_600_000;

describe.each([
  ['an hour behind', -HOUR],
  ['an hour ahead', HOUR],
])('A node whose clock is %s goes by that of the database', (_, ahead) => {
  let database: TestDatabase;
  let node: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    node = await TestApp.start({ database, machine: new SetClock(ahead) });
    owner = await Client.signedIn(node);
    applicationId = await owner.createApplication();
  });

  afterAll(async () => {
    await node.stop();
    await database.drop();
  });

  it('when it says whether a secret is the last one that works', async () => {
    const key = await owner.issueKey(applicationId);
    const secret = await rotate(key, 3600);
    const { secretId: older } = await verify(node, key.key);
    const { secretId: newer } = await verify(node, secret);
    await node.query(`UPDATE api_key_secrets SET expires_at = now() WHERE id = $1`, [older]);
    const refused = await owner.delete(`/apikey/${key.id}/secrets/${String(newer)}`);
    expect([refused.status, refused.body.code]).toEqual([409, 'last_secret']);
    expect(await verify(node, secret)).toMatchObject({ valid: true });

    await node.query(`UPDATE api_key_secrets SET expires_at = now() + interval '1 minute' WHERE id = $1`, [
      older,
    ]);
    await owner.delete(`/apikey/${key.id}/secrets/${String(newer)}`).expect(204);
  });

  it('when it says when an overlap ends', async () => {
    const key = await owner.issueKey(applicationId);
    await rotate(key, 60);
    const left = await seconds(
      `SELECT expires_at - now() AS remaining FROM api_key_secrets WHERE api_key_id = $1
                                ORDER BY created_at LIMIT 1`,
      [key.id],
    );
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60);
  });

  it('when it shows and selects keys by their status, as a verification finds it', async () => {
    const { id, key } = await owner.issueKey(applicationId, { name: 'a short life' });
    for (const [life, status, code] of [
      ['-1 second', 'expired', 'EXPIRED'],
      ['1 minute', 'active', 'VALID'],
    ] as const) {
      await node.query('UPDATE api_keys SET expires_at = now() + $2::interval WHERE id = $1', [id, life]);
      expect((await owner.get(`/apikey/${id}`).expect(200)).body.status).toBe(status);
      const { body } = await owner.get(`/apikey?ApplicationId=${applicationId}&status=${status}`).expect(200);
      expect(body.data.map((listed: { id: string }) => listed.id)).toContain(id);
      await eventually(async () => {
        expect((await verify(node, key)).code).toBe(code);
      });
    }
  });

  it('when it judges whether an expiry lies ahead', async () => {
    const path = `/apikey?ApplicationId=${applicationId}`;
    for (const [distance, status] of [
      [-60_000, 400],
      [60_000, 200],
    ] as const) {
      const expiresAt = new Date(Date.now() + distance).toISOString();
      await owner.post(path).send({ expiresAt }).expect(status);
    }
  });

  it('when it writes down when a key was made, revoked, and last used', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await verify(node, key);
    await owner.delete(`/apikey/${id}`).expect(204);
    await eventually(async () => {
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      for (const time of [body.createdAt, body.revokedAt, body.lastUsedAt]) {
        expect(Math.abs(Date.parse(String(time)) - Date.now())).toBeLessThan(HOUR / 2);
      }
    });
  });

  it('when it issues a token, and when it judges one', async () => {
    const right = await TestApp.start({ database });
    try {
      await new Client(right, owner.caller).get('/auth/me').expect(200);
      const there = await Client.signedIn(right);
      await new Client(node, there.caller).get('/auth/me').expect(200);
    } finally {
      await right.stop();
    }
  });

  async function rotate(key: CreatedKey, overlapSeconds: number): Promise<string> {
    const { body } = await owner.post(`/apikey/${key.id}/rotate`).send({ overlapSeconds }).expect(200);
    return body as string;
  }

  async function seconds(sql: string, parameters: unknown[]): Promise<number> {
    const [row] = await node.query(
      `SELECT extract(epoch FROM remaining)::float8 AS seconds FROM (${sql}) AS t`,
      parameters,
    );
    return (row as { seconds: number }).seconds;
  }
});

it('A key that expired while the machine slept is not verified by what the node takes for the time', async () => {
  const database = await createTestDatabase();
  const direct = database.directUrl ?? database.url;
  const { proxy, url } = await TcpProxy.before(database.url);
  const machine = new SleepingClock();
  // Its lease it gets by a way of its own.
  const node = await TestApp.start({ database: { ...database, url, directUrl: direct }, machine });
  try {
    const owner = await Client.signedIn(node);
    const expiresAt = new Date(Date.now() + 3000).toISOString();
    const { key } = await owner.issueKey(await owner.createApplication(), { expiresAt });
    expect(await verify(node, key)).toMatchObject({ valid: true });

    proxy.hold();
    machine.sleep(4000);
    await eventually(() => {
      expect(node.nest.get(Freshness).held()).toBe(true);
    });
    const verdict = verify(node, key);
    await Promise.race([verdict, new Promise((resolve) => setTimeout(resolve, 100))]);
    await proxy.restore();
    expect(await verdict).toEqual({ valid: false, code: 'EXPIRED' });
  } finally {
    await proxy.restore();
    await node.stop();
    await proxy.stop();
    await database.drop();
  }
});
