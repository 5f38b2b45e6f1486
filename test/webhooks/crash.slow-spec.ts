import { tmpdir } from 'node:os';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WebhookWorker } from '../../src/modules/webhooks/infrastructure/webhook-worker.js';
import { Client } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TestApp } from '../support/test-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const ALLOWED = { WEBHOOK_ALLOW_PRIVATE: 'true' };

describe('a node that is killed while it tells a receiver', () => {
  /** Serves, and sends nothing. */
  let app: TestApp;
  let owner: Client;
  let receiver: WebhookReceiver;
  let applicationId: string;
  let path: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: ALLOWED });
    await app.nest.get(WebhookWorker, { strict: false }).beforeApplicationShutdown();
    owner = await Client.signedIn(app);
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await app.stop();
    await receiver.stop();
  });
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    const answer = await owner
      .post(`/applications/${applicationId}/webhooks`)
      .send({ url: receiver.url(`/${applicationId}`) })
      .expect(201);
    path = answer.headers.location!;
  });

  function startNode(): Promise<ServiceProcess> {
    const { JWT_SIGNING_KEY, JWT_ISSUER } = app.env;
    return ServiceProcess.start(
      {
        ...ALLOWED,
        LOG_LEVEL: 'silent',
        DATABASE_URL: app.database.url,
        API_KEY_PEPPERS: TEST_PEPPERS,
        JWT_SIGNING_KEY: JWT_SIGNING_KEY!.export({ type: 'pkcs8', format: 'pem' }).toString(),
        JWT_ISSUER,
      },
      tmpdir(),
    );
  }

  type Answer = (response: ServerResponse, kill: () => void) => void;
  const phases: [string, Answer][] = [
    [
      'before the answer',
      (_, kill) => {
        kill();
      },
    ],
    [
      'while it reads the answer',
      (response, kill) => {
        response.writeHead(200).write('a beginning', kill);
      },
    ],
    [
      'after the answer',
      (response, kill) => {
        response.writeHead(204).end(kill);
      },
    ],
  ];

  it.each(phases)(
    '%s leaves it to the next one, which goes on in the order of the events',
    async (_, answer) => {
      const node = await startNode();
      let isKilled = false;
      const killed = new Promise<void>((resolve) => {
        receiver.answer = (response) => {
          answer(response, () => {
            isKilled = true;
            void node.kill().then(resolve);
          });
        };
      });
      const { id } = await owner.issueKey(applicationId);
      await owner.patch(`/apikey/${id}`).send({ name: 'another' }).expect(200);
      await owner.delete(`/apikey/${id}`).expect(204);
      await killed;
      expect(isKilled).toBe(true);
      receiver.answer = (response) => {
        response.writeHead(204).end();
      };
      const next = await TestApp.start({ env: ALLOWED, database: app.database });
      try {
        await eventually(async () => {
          // The leases of the dead end.
          await app.query(
            `UPDATE webhook_deliveries SET due_at = now() WHERE state = 'pending' AND due_at > now()`,
          );
          const { body } = await owner.get(`${path}/deliveries`).expect(200);
          const states = body.data.map(({ state }: { state: string }) => state);
          expect(states).toEqual(['delivered', 'delivered', 'delivered']);
        });
      } finally {
        await next.stop();
      }
      const types = receiver.at(`/${applicationId}`).map(({ event }) => event.type);
      const inOrder = types.filter((type, i) => type !== types[i - 1]);
      expect(inOrder).toEqual(['key.created', 'key.changed', 'key.revoked']);
    },
    120_000,
  );

  it('while it writes leaves an event of every change that was made, and of no other', async () => {
    const node = await startNode();
    receiver.answer = (response) => {
      response.writeHead(204).end();
    };
    const { accessToken } = owner.caller;
    let answered = 0;
    // Callers who ask for keys, and change them, until the node is gone.
    const callers = Array.from({ length: 8 }, async () => {
      const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
      for (;;) {
        const issued = await fetch(`${node.url}/apikey?ApplicationId=${applicationId}`, {
          method: 'POST',
          headers,
          body: '{"name":"first"}',
        });
        const { id } = (await issued.json()) as { id: string };
        await fetch(`${node.url}/apikey/${id}`, { method: 'PATCH', headers, body: '{"name":"second"}' });
        answered += 1;
        if (answered === 40) void node.kill();
      }
    });
    await Promise.allSettled(callers);
    await node.kill();
    expect(answered).toBeGreaterThanOrEqual(40);
    const made = await app.query(
      `SELECT k.id, k.name FROM api_keys k WHERE k.application_id = $1 ORDER BY k.id`,
      [applicationId],
    );
    const told = await app.query(
      `SELECT m.subject_id AS id, max(m.body::jsonb -> 'data' -> 'after' ->> 'name') AS name
         FROM webhook_messages m WHERE m.application_id = $1 AND m.type LIKE 'key.%' GROUP BY 1 ORDER BY 1`,
      [applicationId],
    );
    expect(told).toEqual(made);
    const next = await TestApp.start({ env: ALLOWED, database: app.database });
    try {
      await eventually(async () => {
        await app.query(
          `UPDATE webhook_deliveries SET due_at = now() WHERE state = 'pending' AND due_at > now()`,
        );
        const [left] = await app.query(
          `SELECT count(*)::int AS pending FROM webhook_deliveries WHERE application_id = $1 AND state = 'pending'`,
          [applicationId],
        );
        expect(left).toEqual({ pending: 0 });
      });
    } finally {
      await next.stop();
    }
    for (const { id, name } of made as { id: string; name: string }[]) {
      const types = receiver
        .at(`/${applicationId}`)
        .flatMap(({ event }) => (event.data.keyId === id ? event.type : []));
      const inOrder = types.filter((type, i) => type !== types[i - 1]);
      expect(inOrder).toEqual(name === 'second' ? ['key.created', 'key.changed'] : ['key.created']);
    }
  }, 120_000);
});
