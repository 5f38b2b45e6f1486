import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import request from 'supertest';
import { WebhookSender } from '../../src/modules/webhooks/application/webhook-sender.js';
import { WebhooksPurge } from '../../src/modules/webhooks/infrastructure/webhooks.purge.js';
import { Client } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { WebhookReceiver, type ReceivedWebhook } from '../support/webhook-receiver.js';

describe('a webhook', () => {
  let app: TestApp;
  let owner: Client;
  let receiver: WebhookReceiver;
  let applicationId: string;
  let hook: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { WEBHOOK_ALLOW_PRIVATE: 'true' } });
    owner = await Client.signedIn(app);
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await app.stop();
    await receiver.stop();
  });
  beforeEach(async () => {
    receiver.answer = (response) => {
      response.writeHead(204).end();
    };
    applicationId = await owner.createApplication();
    // Each test has a path of its own.
    hook = `/${applicationId}`;
  });

  async function create(settings: object = {}): Promise<{ path: string; secret: string }> {
    const answer = await owner
      .post(`/applications/${applicationId}/webhooks`)
      .send({ url: receiver.url(hook), ...settings })
      .expect(201);
    return { path: answer.headers.location!, secret: answer.body.secret as string };
  }

  const verify = (secret: string, { body, headers }: ReceivedWebhook): unknown =>
    new Webhook(secret).verify(body, headers as Record<string, string>);

  async function deliveries(path: string, state = ''): Promise<Record<string, unknown>[]> {
    const { body } = await owner.get(`${path}/deliveries?limit=100${state}`).expect(200);
    return body.data as Record<string, unknown>[];
  }

  /** Makes what waits for its time due now, as if that had passed. */
  async function passTime(): Promise<void> {
    await app.query(
      `UPDATE webhook_deliveries SET due_at = now() WHERE application_id = $1 AND state = 'pending' AND lease IS NULL`,
      [applicationId],
    );
  }

  it('is told of what happens to a key, in order, signed as Standard Webhooks say', async () => {
    const { path, secret } = await create();
    const key = await owner.issueKey(applicationId, { name: 'first' });
    await owner.patch(`/apikey/${key.id}`).send({ name: 'second' }).expect(200);
    await owner.post(`/apikey/${key.id}/rotate`).send({}).expect(200);
    await owner.delete(`/apikey/${key.id}`).expect(204);
    const received = await receiver.wait(hook, 4);
    expect(received.map(({ event }) => event.type)).toEqual([
      'key.created',
      'key.changed',
      'key.rotated',
      'key.revoked',
    ]);
    for (const webhook of received) {
      expect(verify(secret, webhook)).toEqual(webhook.event);
      expect(webhook.event.data).toMatchObject({
        applicationId,
        keyId: key.id,
        actor: { subject: owner.userId },
      });
      expect(webhook.body).not.toContain(key.key.slice(-20));
    }
    expect(received[1]!.event.data).toMatchObject({ before: { name: 'first' }, after: { name: 'second' } });
    await eventually(async () => {
      expect(await deliveries(path)).toMatchObject(
        Array.from({ length: 4 }, () => ({ state: 'delivered', attempts: 1, status: 204, failure: null })),
      );
    });
  });

  it('is told of members, of the application and of its end, and of nothing that it does not want', async () => {
    await create({ events: ['member.*', 'application.changed', 'application.deleted'] });
    const friend = await Client.signedIn(app);
    await owner.takeIn(applicationId, friend, 'viewer');
    await owner.issueKey(applicationId);
    await owner.patch(`/applications/${applicationId}`).send({ name: 'another' }).expect(200);
    await owner.patch(`/applications/${applicationId}/policy`).send({ rotateEvery: 30 }).expect(200);
    await owner.delete(`/applications/${applicationId}`).expect(204);
    const received = await receiver.wait(hook, 4);
    expect(received.map(({ event }) => event.type)).toEqual([
      'member.added',
      'application.changed',
      'application.changed',
      'application.deleted',
    ]);
    expect(received[2]!.event.data.after).toMatchObject({ rotateEvery: 30 });
  });

  it('is told nothing of another application, and nothing of a change that was taken back', async () => {
    const { path } = await create();
    await owner.issueKey(await owner.createApplication());
    await owner
      .post(`/apikey?ApplicationId=${applicationId}`)
      .send({ scopes: [' '] })
      .expect(400);
    await owner.post(`${path}/test`).expect(202);
    const [first] = await receiver.wait(hook, 1);
    expect(first!.event.type).toBe('webhook.test');
    expect(await deliveries(path)).toHaveLength(1);
  });

  it.each(['flag', 'disable', 'revoke'])('is told once that a key has leaked: %s', async (onLeak) => {
    const { path } = await create({ events: ['key.leaked'] });
    await owner.patch(`/applications/${applicationId}/policy`).send({ onLeak }).expect(200);
    const { id, key } = await owner.issueKey(applicationId);
    for (let i = 0; i < 2; i += 1) {
      const reports = [1, 2].map(() =>
        request(app.http)
          .post('/leaks/report')
          .send({ keys: [key] }),
      );
      for (const { status } of await Promise.all(reports)) expect(status).toBeLessThan(300);
    }
    expect(await deliveries(path)).toHaveLength(1);
    const [leaked] = await receiver.wait(hook, 1);
    expect(leaked!.event).toMatchObject({ type: 'key.leaked', data: { applicationId, keyId: id } });
    expect(leaked!.body).not.toContain(key.slice(-20));
  });

  it('is signed with two secrets while one is rotated', async () => {
    const { path, secret } = await create();
    const rotated = await owner.post(`${path}/rotate`).send({ overlapSeconds: 60 }).expect(200);
    await owner.post(`${path}/test`).expect(202);
    const [both] = await receiver.wait(hook, 1);
    verify(secret, both!);
    verify(rotated.body.secret as string, both!);
    const last = await owner.post(`${path}/rotate`).send({ overlapSeconds: 0 }).expect(200);
    await owner.post(`${path}/test`).expect(202);
    const [, one] = await receiver.wait(hook, 2);
    verify(last.body.secret as string, one!);
    expect(() => verify(rotated.body.secret as string, one!)).toThrow();
  });

  it('that fails is tried again with the same id, and what comes later for the same key waits for it', async () => {
    const { path } = await create();
    const key = await owner.issueKey(applicationId);
    await receiver.wait(hook, 1);
    receiver.answer = (response) => {
      response.writeHead(500).end('no');
    };
    await owner.patch(`/apikey/${key.id}`).send({ name: 'second' }).expect(200);
    await receiver.wait(hook, 2);
    await owner.patch(`/apikey/${key.id}`).send({ name: 'third' }).expect(200);
    const other = await owner.issueKey(applicationId);
    // Of another key, nothing waits.
    const received = await receiver.wait(hook, 3);
    expect(received[2]!.event.data.keyId).toBe(other.id);
    receiver.answer = (response) => {
      response.writeHead(200).end();
    };
    await eventually(async () => {
      expect(await deliveries(path, '&state=pending')).toHaveLength(3);
    });
    await eventually(async () => {
      await passTime();
      expect(await deliveries(path, '&state=pending')).toEqual([]);
    });
    const ofKey = receiver.at(hook).filter(({ event }) => event.data.keyId === key.id);
    expect(ofKey.map(({ event }) => (event.data.after as { name: string }).name).slice(1)).toEqual([
      'second',
      'second',
      'third',
    ]);
    expect(ofKey[1]!.headers['webhook-id']).toBe(ofKey[2]!.headers['webhook-id']);
    expect(ofKey[1]!.body).toBe(ofKey[2]!.body);
  });

  it('that fails is left alone for a while, and for as long as it asks', async () => {
    const { path } = await create();
    receiver.answer = (response, { event }) => {
      response.writeHead(503, event.type === 'key.created' ? { 'retry-after': '600' } : {}).end();
    };
    await owner.post(`${path}/test`).expect(202);
    await owner.issueKey(applicationId);
    await eventually(async () => {
      const pauses = (await deliveries(path)).map(({ type, status, attemptedAt, nextAttemptAt }) => {
        expect(status).toBe(503);
        return [type, (Date.parse(nextAttemptAt as string) - Date.parse(attemptedAt as string)) / 1000];
      });
      const of = Object.fromEntries(pauses) as Record<string, number>;
      // Five seconds, a fifth more or less; an attempt takes ten at most.
      expect(of['webhook.test']).toBeGreaterThanOrEqual(3.9);
      expect(of['webhook.test']).toBeLessThan(17);
      expect(of['key.created']).toBeGreaterThanOrEqual(600);
    });
    expect(receiver.at(hook)).toHaveLength(2);
  });

  it('is given up after eleven attempts, and can be sent once more', async () => {
    const { path } = await create();
    const sender = app.nest.get(WebhookSender, { strict: false });
    const { givenUp } = sender;
    receiver.answer = (response) => {
      response.writeHead(503).end();
    };
    await owner.post(`${path}/test`).expect(202);
    await eventually(async () => {
      await passTime();
      expect(await deliveries(path)).toMatchObject([
        { state: 'dead', attempts: 11, status: 503, failure: 'status', nextAttemptAt: null },
      ]);
    });
    expect(sender.givenUp).toBe(givenUp + 1);
    receiver.answer = (response) => {
      response.writeHead(204).end();
    };
    const [dead] = await deliveries(path);
    await owner.post(`${path}/deliveries/${dead!.id as string}/resend`).expect(202);
    await receiver.wait(hook, 12);
    await eventually(async () => {
      expect(await deliveries(path)).toMatchObject([{ id: dead!.id, state: 'delivered', attempts: 1 }]);
    });
  });

  it('that answers 410 is disabled, and what waits for it is given up', async () => {
    const { path } = await create();
    receiver.answer = (response) => {
      response.writeHead(410).end();
    };
    await owner.post(`${path}/test`).expect(202);
    await eventually(async () => {
      expect((await owner.get(path).expect(200)).body).toMatchObject({
        enabled: false,
        disabledBecause: 'gone',
      });
      expect(await deliveries(path)).toMatchObject([{ state: 'dead', failure: 'gone', status: 410 }]);
    });
    await owner.issueKey(applicationId);
    expect(await deliveries(path)).toHaveLength(1);
    const answer = await owner.post(`${path}/test`);
    expect([answer.status, answer.body.code]).toEqual([409, 'webhook_disabled']);
    const audit = await owner.get(`/applications/${applicationId}/audit?action=WebhookDisabled`).expect(200);
    expect(audit.body.data).toMatchObject([{ actor: { issuer: 'system', subject: 'webhooks' } }]);
    await owner.patch(path).send({ enabled: true }).expect(200);
    expect((await owner.get(path).expect(200)).body.disabledBecause).toBeNull();
  });

  it('is not led elsewhere by a redirect', async () => {
    const { path } = await create();
    receiver.answer = (response) => {
      response.writeHead(307, { location: `${hook}-elsewhere` }).end();
    };
    await owner.post(`${path}/test`).expect(202);
    await eventually(async () => {
      expect(await deliveries(path)).toMatchObject([{ failure: 'redirect', status: 307, state: 'pending' }]);
    });
    expect(receiver.at(`${hook}-elsewhere`)).toEqual([]);
  });

  it('of a node that died is sent by another one when its lease ends', async () => {
    const { path } = await create();
    await owner.patch(path).send({ enabled: false }).expect(200);
    await owner.patch(path).send({ enabled: true }).expect(200);
    // As a node leaves it that has taken a delivery and was killed: before its request, or after the answer.
    await app.query(
      `WITH m AS (
         INSERT INTO webhook_messages (id, application_id, type, subject_id, body, created_at)
         VALUES (gen_random_uuid(), $1, 'webhook.test', $1, '{"type":"webhook.test"}', now()) RETURNING id)
       INSERT INTO webhook_deliveries (webhook_id, message_id, application_id, subject_id, due_at, scheduled_at,
                                       created_at, attempts, lease)
       SELECT $2, id, $1, $1, now() + interval '30 seconds', now(), now(), 1, gen_random_uuid() FROM m`,
      [applicationId, path.split('/').at(-1)],
    );
    expect(receiver.at(hook)).toEqual([]);
    await app.query(`UPDATE webhook_deliveries SET due_at = now() WHERE application_id = $1`, [
      applicationId,
    ]);
    await receiver.wait(hook, 1);
    await eventually(async () => {
      expect(await deliveries(path)).toMatchObject([{ state: 'delivered', attempts: 2 }]);
    });
  });

  it('does not wait for a clock that was set back', async () => {
    const { path } = await create();
    receiver.answer = (response) => {
      response.writeHead(500).end();
    };
    await owner.post(`${path}/test`).expect(202);
    await eventually(async () => {
      expect(await deliveries(path)).toMatchObject([{ failure: 'status' }]);
    });
    receiver.answer = (response) => {
      response.writeHead(204).end();
    };
    // All times of a clock that was an hour ahead.
    await app.query(
      `UPDATE webhook_deliveries SET due_at = due_at + interval '1 hour', scheduled_at = now() + interval '1 hour'
        WHERE application_id = $1 AND state = 'pending'`,
      [applicationId],
    );
    await eventually(async () => {
      expect(await deliveries(path)).toMatchObject([{ state: 'delivered' }]);
    });
  });

  it('that hangs holds up nobody else', async () => {
    const hanging = await create();
    const held: (() => void)[] = [];
    receiver.answer = (response, webhook) => {
      if (webhook.path === hook) held.push(() => response.writeHead(204).end());
      else response.writeHead(204).end();
    };
    for (let i = 0; i < 12; i += 1) await owner.issueKey(applicationId);
    await receiver.wait(hook, 5);
    const other = await owner.createApplication();
    await owner
      .post(`/applications/${other}/webhooks`)
      .send({ url: receiver.url(`/${other}`) })
      .expect(201);
    await owner.issueKey(other);
    await receiver.wait(`/${other}`, 1);
    // Five at once of one application, and no more.
    expect(held).toHaveLength(5);
    receiver.answer = (response) => {
      response.writeHead(204).end();
    };
    for (const release of held) release();
    await eventually(async () => {
      expect(await deliveries(hanging.path, '&state=delivered')).toHaveLength(12);
    });
  });

  it('is sent each event once by two nodes, while all goes well', async () => {
    const second = await TestApp.start({
      env: { WEBHOOK_ALLOW_PRIVATE: 'true' },
      database: app.database,
    });
    try {
      const { path } = await create();
      const keys = await Promise.all(Array.from({ length: 20 }, () => owner.issueKey(applicationId)));
      for (const { id } of keys) await owner.delete(`/apikey/${id}`).expect(204);
      await receiver.wait(hook, 40);
      await eventually(async () => {
        expect(await deliveries(path, '&state=delivered')).toHaveLength(40);
      });
      const received = receiver.at(hook);
      expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(40);
      expect(received).toHaveLength(40);
      for (const { id } of keys) {
        const types = received.filter(({ event }) => event.data.keyId === id).map(({ event }) => event.type);
        expect(types).toEqual(['key.created', 'key.revoked']);
      }
      const nodes = [app, second].map(
        (node) => node.nest.get(WebhookSender, { strict: false }).counts.delivered,
      );
      expect(nodes.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(40);
    } finally {
      await second.stop();
    }
  });

  it('has room for 10,000 events that wait, and says how many there was no room for', async () => {
    const { path } = await create({ events: ['key.created'] });
    const id = path.split('/').at(-1);
    await app.query(
      `INSERT INTO webhook_deliveries (webhook_id, message_id, application_id, subject_id, due_at, scheduled_at, created_at)
       SELECT $1, gen_random_uuid(), $2, $2, now() + interval '1 hour', now(), now() FROM generate_series(1, 9999)`,
      [id, applicationId],
    );
    for (let i = 0; i < 3; i += 1) await owner.issueKey(applicationId);
    await receiver.wait(hook, 1);
    const { body } = await owner.get(path).expect(200);
    expect(body.droppedEvents).toBeGreaterThanOrEqual(1);
    expect(body.droppedAt).not.toBeNull();
    await app.query('DELETE FROM webhook_deliveries WHERE webhook_id = $1', [id]);
  });

  it('that is deleted leaves nothing behind, nor does what has ended long ago', async () => {
    const { path } = await create();
    await owner.post(`${path}/test`).expect(202);
    await receiver.wait(hook, 1);
    const kept = await create();
    await owner.post(`${kept.path}/test`).expect(202);
    await receiver.wait(hook, 2);
    await eventually(async () => {
      expect(await deliveries(kept.path)).toMatchObject([{ state: 'delivered' }]);
    });
    await owner.delete(path).expect(204);
    await app.query(
      `UPDATE webhooks SET deleted_at = now() - interval '1 hour' WHERE deleted_at IS NOT NULL`,
    );
    await app.query(
      `UPDATE webhook_deliveries SET finished_at = now() - interval '8 days'
        WHERE application_id = $1 AND state <> 'pending'`,
      [applicationId],
    );
    const purge = app.nest.get(WebhooksPurge, { strict: false });
    await purge.run();
    await purge.run();
    const left = await app.query(
      `SELECT (SELECT count(*)::int FROM webhook_deliveries WHERE application_id = $1) AS deliveries,
              (SELECT count(*)::int FROM webhook_messages WHERE application_id = $1) AS messages,
              (SELECT count(*)::int FROM webhooks WHERE application_id = $1) AS webhooks`,
      [applicationId],
    );
    expect(left).toEqual([{ deliveries: 0, messages: 0, webhooks: 1 }]);
  });
});
