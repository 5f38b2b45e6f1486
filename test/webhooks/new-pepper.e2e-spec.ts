import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { RenewedSecrets } from '../../src/modules/webhooks/infrastructure/renewed-secrets.js';
import { Client } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { signIn } from '../support/sign-in.js';
import { TEST_PEPPERS, TestApp } from '../support/test-app.js';
import { WebhookReceiver, type ReceivedWebhook } from '../support/webhook-receiver.js';

const NEW_PEPPER = `2=${Buffer.alloc(32, 7).toString('base64url')}`;
const BOTH = `${TEST_PEPPERS},${NEW_PEPPER}`;

describe('the secrets of webhooks, under a new pepper,', () => {
  let database: TestDatabase;
  let receiver: WebhookReceiver;
  let app: TestApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    receiver = await WebhookReceiver.start();
    app = await start(TEST_PEPPERS, 1);
  });
  afterAll(async () => {
    await app.stop();
    await receiver.stop();
    await database.drop();
  });

  function start(peppers: string, version: number): Promise<TestApp> {
    const env = {
      WEBHOOK_ALLOW_PRIVATE: 'true',
      API_KEY_PEPPERS: peppers,
      API_KEY_PEPPER_VERSION: String(version),
    };
    return TestApp.start({ database, env });
  }

  /** How many secrets are sealed under each pepper, with those that sign for a while yet. */
  async function peppers(): Promise<unknown> {
    const rows = await app.query(
      `SELECT pepper, count(*)::int AS secrets
         FROM webhooks CROSS JOIN LATERAL (VALUES (secret_pepper), (previous_pepper)) AS v (pepper)
        WHERE mails_to IS NULL AND pepper IS NOT NULL GROUP BY 1 ORDER BY 1`,
    );
    return (rows as { pepper: number; secrets: number }[]).map(({ pepper, secrets }) => [pepper, secrets]);
  }

  it('are sealed anew, so that the old one can be dropped, and sign as before', async () => {
    const person = await signIn(app);
    let owner = new Client(app, person);
    const applicationId = await owner.createApplication();
    const create = async (): Promise<{ path: string; secret: string }> => {
      const { headers, body } = await owner
        .post(`/applications/${applicationId}/webhooks`)
        .send({ url: receiver.url('/hook') })
        .expect(201);
      return { path: headers.location!, secret: body.secret as string };
    };
    const { path, secret } = await create();
    const rotated = (await owner.post(`${path}/rotate`).send({}).expect(200)).body.secret as string;
    const ended = await create();
    await owner.post(`${ended.path}/rotate`).send({}).expect(200);
    await owner.patch(ended.path).send({ enabled: false }).expect(200);
    await app.query(`UPDATE webhooks SET previous_until = now() - interval '1 s' WHERE id = $1`, [
      ended.path.split('/').at(-1),
    ]);
    const lost = await create();
    await app.query(`UPDATE webhooks SET enabled = false, secret_pepper = 0 WHERE id = $1`, [
      lost.path.split('/').at(-1),
    ]);
    await owner.put(`/applications/${applicationId}/notifications`).send({ mail: true }).expect(200);
    await app.stop();

    // A node that closes under the old one, beside nodes that do not any more, leaves all as it is.
    app = await start(BOTH, 1);
    await app.nest.get(RenewedSecrets, { strict: false }).run();
    expect(await peppers()).toEqual([
      [0, 1],
      [1, 3],
    ]);
    await app.stop();
    app = await start(BOTH, 2);
    await app.nest.get(RenewedSecrets, { strict: false }).run();
    // What cannot be opened keeps nobody else from it.
    expect(await peppers()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    await app.stop();

    app = await start(NEW_PEPPER, 2);
    owner = new Client(app, person);
    await owner.post(`${path}/test`).expect(202);
    const [received] = (await receiver.wait('/hook', 1)) as [ReceivedWebhook];
    for (const each of [secret, rotated]) {
      new Webhook(each).verify(received.body, received.headers as Record<string, string>);
    }
  });
});
