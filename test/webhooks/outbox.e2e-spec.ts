import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import request from 'supertest';
import {
  DeliveryQueue,
  type Attempt,
  type Claim,
  type DueDelivery,
  type Room,
} from '../../src/modules/webhooks/application/ports.js';
import { ExpiringKeys } from '../../src/modules/webhooks/infrastructure/expiring-keys.js';
import { WebhookMetrics } from '../../src/modules/webhooks/infrastructure/webhook-metrics.js';
import { WebhooksPurge } from '../../src/modules/webhooks/infrastructure/webhooks.purge.js';
import { WebhookWorker } from '../../src/modules/webhooks/infrastructure/webhook-worker.js';
import { Client } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const ROOM: Room = {
  isSlow: false,
  most: 50,
  ofApplication: 50,
  ofWebhook: 50,
  underWay: [],
  elsewhere: [],
};
const TAKEN: Attempt = { status: 204, failure: null, retryAfter: null, durationMs: 1 };

/** Nothing is sent here: it is looked at what would be. */
describe('the outbox of webhooks', () => {
  let app: TestApp;
  let owner: Client;
  let queue: DeliveryQueue;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    await app.nest.get(WebhookWorker, { strict: false }).beforeApplicationShutdown();
    queue = app.nest.get(DeliveryQueue, { strict: false });
    owner = await Client.signedIn(app);
    // What is named so is changed, and taken back by the commit itself, when all else was written.
    await app.query(`
      CREATE FUNCTION take_back() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'taken back'; END
      $$`);
    for (const table of ['api_keys', 'applications']) {
      await app.query(`
        CREATE CONSTRAINT TRIGGER take_back AFTER INSERT OR UPDATE ON ${table} DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW WHEN (NEW.name = 'taken back') EXECUTE FUNCTION take_back()`);
    }
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    await app.query('DELETE FROM webhook_deliveries');
    applicationId = await owner.createApplication();
    await owner
      .post(`/applications/${applicationId}/webhooks`)
      .send({ url: 'https://127.0.0.1:1/' })
      .expect(201);
  });

  async function written(): Promise<string[]> {
    const rows = await app.query(
      `SELECT m.type FROM webhook_messages m WHERE application_id = $1 ORDER BY created_at, type`,
      [applicationId],
    );
    return (rows as { type: string }[]).map(({ type }) => type);
  }

  async function issue(count: number): Promise<string[]> {
    const keys = await Promise.all(Array.from({ length: count }, () => owner.issueKey(applicationId)));
    return keys.map(({ id }) => id);
  }

  async function claimAll(): Promise<Claim['due']> {
    const claimed = [];
    for (;;) {
      const { due, mayBeMore } = await queue.claim(ROOM);
      claimed.push(...due);
      if (!mayBeMore) return claimed;
    }
  }

  it('holds nothing of a change that its commit takes back', async () => {
    const [id] = await issue(1);
    const path = `/apikey?ApplicationId=${applicationId}`;
    const answers = [
      await owner.post(path).send({ name: 'taken back' }),
      await owner.patch(`/apikey/${id}`).send({ name: 'taken back' }),
      await owner.patch(`/applications/${applicationId}`).send({ name: 'taken back' }),
    ];
    expect(answers.map(({ status }) => status >= 500)).toEqual([true, true, true]);
    expect(await written()).toEqual(['key.created']);
    await owner.patch(`/apikey/${id}`).send({ name: 'kept' }).expect(200);
    expect(await written()).toEqual(['key.created', 'key.changed']);
  });

  it('makes nobody wait for what another node is taking', async () => {
    const ids = await issue(3);
    const other = new PostgresClient({ connectionString: app.database.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      const { rows } = await other.query<{ subject_id: string }>(
        `SELECT subject_id FROM webhook_deliveries WHERE application_id = $1 LIMIT 1 FOR UPDATE`,
        [applicationId],
      );
      const claimed = await Promise.race([claimAll(), sleep(10_000, null, { ref: false })]);
      await other.query('ROLLBACK');
      const held = rows[0]!.subject_id;
      expect(claimed?.map(({ subjectId }) => subjectId).sort()).toEqual(
        ids.filter((id) => id !== held).sort(),
      );
      expect((await claimAll()).map(({ subjectId }) => subjectId)).toEqual([held]);
    } finally {
      await other.end();
    }
  });

  it('gives the next event of a key when the one before has ended, and not to who has lost the lease', async () => {
    const [id] = await issue(1);
    await owner.patch(`/apikey/${id}`).send({ name: 'second' }).expect(200);
    await owner.delete(`/apikey/${id}`).expect(204);
    const types: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const claimed = await claimAll();
      expect(claimed).toHaveLength(1);
      expect(await claimAll()).toEqual([]);
      types.push((JSON.parse(claimed[0]!.body) as { type: string }).type);
      // Of a node that was frozen for longer than its lease.
      await queue.finish(
        { ...claimed[0]!, lease: '00000000-0000-4000-8000-000000000000' },
        TAKEN,
        null,
        false,
      );
      expect(await claimAll()).toEqual([]);
      await queue.finish(claimed[0]!, TAKEN, null, false);
    }
    expect(types).toEqual(['key.created', 'key.changed', 'key.revoked']);
    expect(await claimAll()).toEqual([]);
  });

  it('gives what a node has taken, and died with, to others after thirty seconds', async () => {
    await issue(1);
    expect(await claimAll()).toHaveLength(1);
    const rows = await app.query(
      `SELECT extract(epoch FROM due_at - attempted_at)::float8 AS lease FROM webhook_deliveries`,
    );
    expect(rows).toEqual([{ lease: 30 }]);
    // As thirty seconds later.
    await app.query(`UPDATE webhook_deliveries SET due_at = now()`);
    expect(await claimAll()).toMatchObject([{ attempts: 2 }]);
  });

  describe('makes the next event of a key due at once when the one before it ends', () => {
    let other: PostgresClient;

    beforeEach(async () => {
      other = new PostgresClient({ connectionString: app.database.url });
      await other.connect();
      await other.query('BEGIN');
    });
    afterEach(() => other.end());

    async function claimOne(): Promise<{ keyId: string; first: DueDelivery }> {
      const [keyId] = await issue(1);
      const [first] = await claimAll();
      return { keyId: keyId!, first: first! };
    }

    const types = (due: readonly DueDelivery[]): string[] =>
      due.map(({ body }) => (JSON.parse(body) as { type: string }).type);

    it('though it was claimed for while that end was not committed yet', async () => {
      const { keyId, first } = await claimOne();
      await other.query(
        `SELECT finish_webhook_delivery($1, $2, $3, 'delivered', 0, 204::smallint, NULL, 1, false)`,
        [first.webhookId, first.seq, first.lease],
      );
      await owner.patch(`/apikey/${keyId}`).send({ name: 'second' }).expect(200);
      expect(await claimAll()).toEqual([]);
      await other.query('COMMIT');
      expect(types(await claimAll())).toEqual(['key.changed']);
    });

    it('though it was written and put off while that end waited for the claim', async () => {
      const { keyId, first } = await claimOne();
      // As a claim holds what others wait for.
      await other.query(
        'SELECT FROM webhook_deliveries WHERE (webhook_id, seq) = ($1, $2) FOR NO KEY UPDATE',
        [first.webhookId, first.seq],
      );
      const finished = queue.finish(first, TAKEN, null, false);
      await eventually(async () => {
        const waiting = await app.query(
          `SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%finish_webhook_delivery%'`,
        );
        expect(waiting).toHaveLength(1);
      });
      await owner.patch(`/apikey/${keyId}`).send({ name: 'second' }).expect(200);
      await other.query(
        `UPDATE webhook_deliveries SET due_at = now() + interval '30 seconds'
          WHERE webhook_id = $1 AND seq > $2`,
        [first.webhookId, first.seq],
      );
      await other.query('COMMIT');
      await finished;
      expect(types(await claimAll())).toEqual(['key.changed']);
    });
  });

  it('keeps what happened to an application that was deleted for two days, and nothing after them', async () => {
    const [id] = await issue(1);
    await app.query(
      `UPDATE api_keys SET created_at = now() - interval '100 days', expires_at = now() + interval '6 days' WHERE id = $1`,
      [id],
    );
    await owner.delete(`/applications/${applicationId}`).expect(204);
    await app.nest.get(ExpiringKeys, { strict: false }).run();
    const purge = app.nest.get(WebhooksPurge, { strict: false });
    const deletedBefore = (interval: string): Promise<unknown> =>
      app.query('UPDATE applications SET deleted_at = now() - $2::interval WHERE id = $1', [
        applicationId,
        interval,
      ]);
    await deletedBefore('47 hours');
    await purge.run();
    const types = await written();
    expect(types).toContain('application.deleted');
    expect(types).not.toContain('key.expiring');
    const claimed = await claimAll();
    expect(claimed.map(({ isWanted }) => isWanted)).not.toContain(false);
    expect(claimed.length).toBeGreaterThan(0);
    await deletedBefore('49 hours');
    await purge.run();
    // As a minute and a half later.
    await app.query(
      `UPDATE webhooks SET deleted_at = deleted_at - interval '90 seconds' WHERE application_id = $1`,
      [applicationId],
    );
    await purge.run();
    expect(await written()).toEqual([]);
    expect(await claimAll()).toEqual([]);
  });

  it('is overdue when receivers that answer quickly wait, and not when those that hang do', async () => {
    await issue(1);
    await app.query(`UPDATE webhook_deliveries SET due_at = now() - interval '10 minutes'`);
    const age = async (): Promise<number> => {
      await app.nest.get(WebhookMetrics, { strict: false }).look();
      const { text } = await request(app.http).get('/metrics').expect(200);
      return Number(/^upblit_webhook_outbox_age_seconds (\S+)$/m.exec(text)?.[1]);
    };
    expect(await age()).toBeGreaterThanOrEqual(600);
    await app.query('UPDATE webhooks SET slow_since = now() WHERE application_id = $1', [applicationId]);
    expect(await age()).toBe(0);
  });
});
