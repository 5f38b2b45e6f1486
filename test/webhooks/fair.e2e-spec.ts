import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DeliveryQueue,
  type Attempt,
  type DueDelivery,
  type Room,
} from '../../src/modules/webhooks/application/ports.js';
import { WebhookSender } from '../../src/modules/webhooks/application/webhook-sender.js';
import { WebhookSecret, WebhookSecretSeal } from '../../src/modules/webhooks/domain/webhook-secret.js';
import { WebhookWorker } from '../../src/modules/webhooks/infrastructure/webhook-worker.js';
import { Client } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const TAKEN: Attempt = { status: 204, failure: null, retryAfter: null, durationMs: 1 };

const ROOM: Room = {
  isSlow: false,
  most: 50,
  ofApplication: 10,
  ofWebhook: 5,
  underWay: [],
  elsewhere: [],
};

/** Webhooks of each of as many new applications, with as many events each, of keys of their own or all of one. */
interface Crowd {
  applications: number;
  webhooks?: number;
  events: number;
  ofOneKey?: boolean;
  path: string;
}

describe('receivers', () => {
  let app: TestApp;
  let owner: Client;
  let receiver: WebhookReceiver;

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
    receiver.received.splice(0);
    receiver.answer = (response) => {
      response.writeHead(204).end();
    };
    await app.query('DELETE FROM webhook_deliveries');
  });

  /** Writes them without the routes, which are tried elsewhere. Returns the ids of the applications. */
  async function crowd({
    applications,
    webhooks = 1,
    events,
    ofOneKey = false,
    path,
  }: Crowd): Promise<string[]> {
    const template = await owner.createApplication();
    const ids = Array.from({ length: applications }, () => randomUUID());
    await app.query(
      `INSERT INTO applications
       SELECT (jsonb_populate_record(a, jsonb_build_object('id', new_id))).*
         FROM applications a CROSS JOIN unnest($2::uuid[]) AS u (new_id) WHERE a.id = $1`,
      [template, ids],
    );
    const seal = app.nest.get(WebhookSecretSeal, { strict: false });
    const rows = ids.flatMap((applicationId) =>
      Array.from({ length: webhooks }, (_, i) => {
        const id = randomUUID();
        const { sealed, pepperVersion } = seal.close(WebhookSecret.generate(), id);
        const url = receiver.url(`${path}/${applicationId}/${i}`);
        return { id, application_id: applicationId, url, sealed: sealed.toString('hex'), pepperVersion };
      }),
    );
    await app.query(
      `INSERT INTO webhooks (id, application_id, url, events, enabled, credits_below, secret, secret_pepper,
                             created_at, updated_at)
       SELECT id, application_id, url, '{*}', true, 1, decode(sealed, 'hex'), "pepperVersion", now(), now()
         FROM jsonb_to_recordset($1)
           AS w (id uuid, application_id uuid, url text, sealed text, "pepperVersion" integer)`,
      [JSON.stringify(rows)],
    );
    await tell(ids, events, ofOneKey);
    return ids;
  }

  async function tell(applications: string[], events: number, ofOneKey = false): Promise<void> {
    await app.query(
      `SELECT enqueue_webhooks(jsonb_agg(jsonb_build_object(
                'applicationId', id, 'type', 'key.changed', 'data', jsonb_build_object('nth', nth),
                'subjectId', CASE WHEN $3 THEN id ELSE gen_random_uuid() END) ORDER BY nth))
         FROM unnest($1::uuid[]) AS u (id) CROSS JOIN generate_series(1, $2) AS nth`,
      [applications, events, ofOneKey],
    );
  }

  const pending = async (): Promise<number> =>
    (await app.query(`SELECT FROM webhook_deliveries WHERE state = 'pending'`)).length;

  describe('that hang', () => {
    /** What waits for an answer at the moment, by the path. */
    const held = new Map<string, Set<ServerResponse>>();

    function hold(response: ServerResponse, path: string): void {
      const ofPath = held.get(path) ?? new Set();
      held.set(path, ofPath.add(response));
      response.on('close', () => ofPath.delete(response));
    }

    const counts = (): number[] => [...held.values()].map(({ size }) => size);

    function release(): void {
      receiver.answer = (response) => {
        response.writeHead(204).end();
      };
      for (const response of [...held.values()].flatMap((ofPath) => [...ofPath]))
        response.writeHead(204).end();
    }

    beforeEach(() => {
      held.clear();
    });

    it('leave the others their room, and get less of it the next time', async () => {
      const hang: WebhookReceiver['answer'] = (response, { path }) => {
        if (path.startsWith('/hang')) hold(response, path);
        else response.writeHead(204).end();
      };
      receiver.answer = hang;
      const hanging = await crowd({ applications: 12, events: 10, path: '/hang' });
      // Twelve times five are more than there is room for.
      await eventually(() => {
        expect(counts().reduce((sum, count) => sum + count, 0)).toBe(50);
      });
      const [other] = await crowd({ applications: 1, events: 20, path: '/quick' });
      await receiver.wait(`/quick/${other}/0`, 20);
      await eventually(() => {
        expect(counts()).toEqual(Array(12).fill(5));
      });
      // All of them have taken longer than a second.
      release();
      const slow = async (): Promise<unknown> =>
        (
          await app.query('SELECT FROM webhooks WHERE slow_since IS NOT NULL AND application_id = ANY ($1)', [
            hanging,
          ])
        ).length;
      await eventually(async () => {
        expect(await pending()).toBe(0);
      });
      // Whoever answers quickly is one of the others again.
      expect(await slow()).toBe(0);
      await app.query('UPDATE webhooks SET slow_since = now() WHERE application_id = ANY ($1)', [hanging]);
      receiver.answer = hang;
      await tell(hanging, 5);
      await eventually(() => {
        expect(counts()).toEqual(Array(12).fill(2));
      });
      await tell([other!], 20);
      await receiver.wait(`/quick/${other}/0`, 40);
      for (const count of counts()) expect(count).toBeLessThanOrEqual(2);
      release();
    });

    it('are known by the first attempt that took long', async () => {
      receiver.answer = (response, { path }) => {
        hold(response, path);
      };
      const [id] = await crowd({ applications: 1, events: 1, path: '/hang' });
      await eventually(() => {
        expect(counts()).toEqual([1]);
      });
      const isSlow = async (): Promise<unknown> =>
        app.query('SELECT slow_since IS NOT NULL AS slow FROM webhooks WHERE application_id = $1', [id]);
      expect(await isSlow()).toEqual([{ slow: false }]);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      release();
      await eventually(async () => {
        expect(await isSlow()).toEqual([{ slow: true }]);
      });
    });

    it('take only their share of their own application', async () => {
      receiver.answer = (response, { path }) => {
        if (path.endsWith('/0')) hold(response, path);
        else response.writeHead(204).end();
      };
      const [id] = await crowd({ applications: 1, webhooks: 3, events: 20, path: '/mixed' });
      await receiver.wait(`/mixed/${id}/1`, 20);
      await receiver.wait(`/mixed/${id}/2`, 20);
      await tell([id!], 1);
      await receiver.wait(`/mixed/${id}/1`, 21);
      for (const count of counts()) expect(count).toBeLessThanOrEqual(5);
      release();
      await receiver.wait(`/mixed/${id}/0`, 21);
    });
  });

  it('are told of 1,000 of them, each once, by no more statements than there are events', async () => {
    const queue = app.nest.get(DeliveryQueue, { strict: false });
    const sender = app.nest.get(WebhookSender, { strict: false });
    let claims = 0;
    const claim = queue.claim.bind(queue);
    queue.claim = (room) => {
      claims += 1;
      return claim(room);
    };
    try {
      const ids = await crowd({ applications: 100, webhooks: 10, events: 1, path: '/many' });
      await eventually(async () => {
        expect(await pending()).toBe(0);
      });
      await sender.idle();
      const expected = ids.flatMap((id) => Array.from({ length: 10 }, (_, i) => `/many/${id}/${i}`));
      expect(receiver.received.map(({ path }) => path).sort()).toEqual(expected.sort());
      // Two looks after each that has ended, at most.
      expect(claims).toBeLessThan(2500);
    } finally {
      queue.claim = claim;
    }
  });

  it('of a key with thousands of events do not keep those of other keys waiting, nor are they looked at again', async () => {
    const node = await TestApp.start({ database: app.database });
    try {
      for (const each of [app, node]) {
        await each.nest.get(WebhookWorker, { strict: false }).beforeApplicationShutdown();
      }
      const queue = node.nest.get(DeliveryQueue, { strict: false });
      const [id] = await crowd({ applications: 1, events: 5000, ofOneKey: true, path: '/busy' });
      await tell([id!], 5);
      const claimed: DueDelivery[] = [];
      let claims = 0;
      for (let mayBeMore = true; mayBeMore; claims += 1) {
        const claim = await queue.claim({ ...ROOM, ofApplication: 50, ofWebhook: 50 });
        claimed.push(...claim.due);
        ({ mayBeMore } = claim);
      }
      expect(claimed).toHaveLength(6);
      expect(claims).toBeLessThanOrEqual(6);
      const rows = (): Promise<unknown[]> =>
        app.query(
          `SELECT md5(string_agg(ctid::text, ',' ORDER BY seq)) AS text FROM webhook_deliveries WHERE state = 'pending'`,
        );
      const before = await rows();
      for (let i = 0; i < 5; i += 1) expect((await queue.claim(ROOM)).due).toEqual([]);
      expect(await rows()).toEqual(before);
      // The end of the first makes the second due, and that one alone.
      const first = claimed.find(({ subjectId }) => subjectId === id)!;
      await queue.finish(first, TAKEN, null, false);
      const { due } = await queue.claim(ROOM);
      expect(due.map(({ body }) => (JSON.parse(body) as { data: unknown }).data)).toEqual([{ nth: 2 }]);
    } finally {
      await node.stop();
    }
  });
});
