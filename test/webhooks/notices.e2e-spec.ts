import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import { ExpiringKeys } from '../../src/modules/webhooks/infrastructure/expiring-keys.js';
import { KeySignals } from '../../src/modules/webhooks/infrastructure/key-signals.js';
import { RotationsDue } from '../../src/modules/webhooks/infrastructure/rotations-due.js';
import { Client, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { insertIdleKeys } from '../support/many-keys.js';
import { TestApp } from '../support/test-app.js';

/** Nothing is sent there: it is looked at what would be. */
const URL = 'https://127.0.0.1:1/';

describe('receivers are told, once, by however many nodes, that', () => {
  let nodes: [TestApp, TestApp];
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    nodes = [app, await TestApp.start({ database: app.database })];
    owner = await Client.signedIn(app);
  });
  afterAll(async () => {
    await nodes[1].stop();
    await app.stop();
  });
  beforeEach(async () => {
    applicationId = await owner.createApplication();
  });

  async function create(settings: object): Promise<void> {
    await owner
      .post(`/applications/${applicationId}/webhooks`)
      .send({ url: URL, ...settings })
      .expect(201);
  }

  async function told(): Promise<Record<string, unknown>[]> {
    const rows = await app.query(
      `SELECT m.body FROM webhook_deliveries d JOIN webhook_messages m ON m.id = d.message_id
        WHERE d.application_id = $1 ORDER BY d.seq`,
      [applicationId],
    );
    return (rows as { body: string }[]).map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  }

  describe('a key expires', () => {
    async function look(): Promise<[unknown, number][]> {
      await Promise.all(nodes.map((node) => node.nest.get(ExpiringKeys, { strict: false }).run()));
      return (await told()).map(({ type, data }) => [type, (data as { days: number }).days]);
    }

    async function expireIn(keyId: string, days: number): Promise<void> {
      await app.query(
        `UPDATE api_keys SET created_at = now() - interval '100 days', expires_at = now() + $2 * interval '1 day'
          WHERE id = $1`,
        [keyId, days],
      );
    }

    async function passDays(keyId: string, days: number): Promise<void> {
      await app.query(`UPDATE api_keys SET expires_at = expires_at - $2 * interval '1 day' WHERE id = $1`, [
        keyId,
        days,
      ]);
      await app.query(
        `UPDATE webhook_notices SET about = about - $2 * interval '1 day' WHERE api_key_id = $1`,
        [keyId, days],
      );
    }

    it('in 14, 7 and 1 days, of each once', async () => {
      await create({ events: ['key.expiring'] });
      const { id } = await owner.issueKey(applicationId);
      await expireIn(id, 14.1);
      expect(await look()).toEqual([]);
      await passDays(id, 1);
      expect(await look()).toEqual([['key.expiring', 14]]);
      expect(await look()).toEqual([['key.expiring', 14]]);
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      expect((await told())[0]).toMatchObject({
        data: { keyId: id, applicationId, expiresAt: body.expiresAt },
      });
      await passDays(id, 6.5);
      expect(await look()).toHaveLength(2);
      await passDays(id, 5.5);
      expect(await look()).toHaveLength(2);
      await passDays(id, 0.5);
      const all = [14, 7, 1].map((days) => ['key.expiring', days]);
      expect(await look()).toEqual(all);
      await passDays(id, 0.1);
      expect(await look()).toEqual(all);
      // What is moved is told of anew.
      await expireIn(id, 6.9);
      expect(await look()).toEqual([...all, ['key.expiring', 7]]);
    });

    it('and not when it was issued for less, is revoked, or nobody wants to know', async () => {
      const before = await owner.issueKey(applicationId);
      await expireIn(before.id, 5);
      expect(await look()).toEqual([]);
      await create({ events: ['key.revoked'] });
      expect(await look()).toEqual([]);
      await create({ events: ['key.*'] });
      await owner.issueKey(applicationId, { expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
      await app.query(
        `UPDATE api_keys SET revoked_at = now(), revoked_by_issuer = 'local', revoked_by_subject = 'x'
                        WHERE id = $1`,
        [before.id],
      );
      expect((await look()).filter(([type]) => type === 'key.expiring')).toEqual([]);
    });
  });

  describe('the secret of a key is older than the policy of the application allows', () => {
    const run = (): Promise<unknown> =>
      Promise.all(nodes.map((node) => node.nest.get(RotationsDue, { strict: false }).run()));
    const look = async (): Promise<Record<string, unknown>[]> => {
      await run();
      return told();
    };
    const age = (...keyIds: string[]): Promise<unknown> =>
      app.query(
        `UPDATE api_key_secrets SET created_at = created_at - interval '31 days' WHERE api_key_id = ANY ($1)`,
        [keyIds],
      );
    const demand = (): Promise<unknown> =>
      owner.patch(`/applications/${applicationId}/policy`).send({ rotateEvery: 30 }).expect(200);

    it('and again when the next one is', async () => {
      await create({ events: ['key.rotation_due'] });
      const key = await owner.issueKey(applicationId);
      await age(key.id);
      expect(await look()).toEqual([]);
      await demand();
      expect(await look()).toMatchObject([
        { type: 'key.rotation_due', data: { keyId: key.id, applicationId, rotateEveryDays: 30 } },
      ]);
      await look();
      await owner.post(`/apikey/${key.id}/rotate`).send({}).expect(200);
      expect(await look()).toHaveLength(1);
      await age(key.id);
      expect(await look()).toHaveLength(2);
    });

    it('though nobody wanted to know it when it was found first', async () => {
      await create({ events: ['key.revoked'] });
      await demand();
      await age((await owner.issueKey(applicationId)).id);
      expect(await look()).toEqual([]);
      await create({ events: ['key.rotation_due'] });
      expect(await look()).toHaveLength(1);
    });

    it('while another node notes one of the keys at the same moment', async () => {
      await create({ events: ['key.rotation_due'] });
      await demand();
      const [first, second] = [await owner.issueKey(applicationId), await owner.issueKey(applicationId)];
      await age(first.id, second.id);
      const other = new PostgresClient({ connectionString: app.database.url });
      await other.connect();
      try {
        await other.query('BEGIN');
        await other.query(
          `INSERT INTO webhook_notices (api_key_id, kind, about)
           SELECT api_key_id, 'rotation_due', created_at FROM api_key_secrets WHERE api_key_id = $1`,
          [first.id],
        );
        const looked = nodes[0].nest.get(RotationsDue, { strict: false }).run();
        await eventually(async () => {
          const waiting = await app.query(
            `SELECT FROM pg_stat_activity
              WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%rotation_due%'`,
          );
          expect(waiting).toHaveLength(1);
        });
        await other.query('COMMIT');
        await looked;
      } finally {
        await other.end();
      }
      expect(await told()).toMatchObject([{ data: { keyId: second.id } }]);
    });

    it('however many others are due, of which they were told before', async () => {
      await create({ events: ['key.rotation_due'] });
      await demand();
      await insertIdleKeys(app, applicationId, 600);
      await app.query('UPDATE api_keys SET expires_at = NULL WHERE application_id = $1', [applicationId]);
      await app.query(
        `INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, hint, created_at)
         SELECT gen_random_uuid(), id, sha256(uuid_send(id)), 1, 'idle', created_at FROM api_keys
          WHERE application_id = $1`,
        [applicationId],
      );
      expect(await look()).toHaveLength(600);
      await age((await owner.issueKey(applicationId)).id);
      expect(await look()).toHaveLength(601);
    });
  });

  async function lookAtSignals(): Promise<Record<string, unknown>[]> {
    for (const node of nodes) await node.nest.get(KeySignals, { strict: false }).run();
    return told();
  }

  it('the credits of a key are low, and again when they were not meanwhile', async () => {
    await create({ events: ['key.credits_low'], creditsBelow: 5 });
    const key = await owner.issueKey(applicationId, { credits: { remaining: 6 } });
    const spend = async (cost: number): Promise<Record<string, unknown>[]> => {
      for (const node of nodes) await verify(node, key.key, { cost });
      return lookAtSignals();
    };
    expect(await spend(0)).toEqual([]);
    const first = await spend(1);
    expect(first).toMatchObject([
      { type: 'key.credits_low', data: { keyId: key.id, remaining: 4, below: 5 } },
    ]);
    expect(await spend(1)).toHaveLength(1);
    await owner.post(`/apikey/${key.id}/credits`).send({ set: 100 }).expect(200);
    expect(await spend(0)).toHaveLength(1);
    await owner.post(`/apikey/${key.id}/credits`).send({ set: 3 }).expect(200);
    expect(await spend(0)).toHaveLength(2);
  });

  it('a rate limit has refused a key, on this day', async () => {
    await create({ events: ['key.rate_limited_first'] });
    const key = await owner.issueKey(applicationId, {
      rateLimits: [{ name: 'one', limit: 1, windowSeconds: 3600 }],
    });
    await verify(app, key.key);
    expect(await lookAtSignals()).toEqual([]);
    for (let i = 0; i < 3; i += 1) {
      for (const node of nodes) await verify(node, key.key);
      expect(await lookAtSignals()).toMatchObject([
        { type: 'key.rate_limited_first', data: { keyId: key.id, applicationId } },
      ]);
    }
    // As on the day after.
    await app.query(`UPDATE webhook_notices SET about = about - interval '1 day' WHERE api_key_id = $1`, [
      key.id,
    ]);
    for (const node of nodes) await verify(node, key.key);
    expect(await lookAtSignals()).toHaveLength(2);
  });
});
