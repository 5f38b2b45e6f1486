import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { ExpiringKeys } from '../../src/modules/webhooks/infrastructure/expiring-keys.js';
import { Client } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { MailServer, tokenIn } from '../support/mail-server.js';
import { signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

describe('somebody who wants to be mailed of an application', () => {
  let app: TestApp;
  let mails: MailServer;
  let owner: Client;
  let email: string;
  let applicationId: string;
  let path: string;

  beforeAll(async () => {
    mails = await MailServer.start();
    app = await TestApp.start({ env: { SMTP_URL: mails.url, MAIL_FROM: 'keys@example.com' } });
  });
  afterAll(async () => {
    await app.stop();
    await mails.stop();
  });
  beforeEach(async () => {
    const person = await signIn(app);
    ({ email } = person.user);
    owner = new Client(app, person);
    applicationId = await owner.createApplication();
    path = `/applications/${applicationId}/notifications`;
  });

  async function verifyEmail(): Promise<void> {
    const token = tokenIn(await mails.next(email));
    await request(app.http).post('/auth/email/verify').send({ token }).expect(204);
  }

  /** A key of theirs is about to expire. Returns its id. */
  async function expire(name: string): Promise<string> {
    const { id } = await owner.issueKey(applicationId, { name });
    await app.query(
      `UPDATE api_keys SET created_at = now() - interval '100 days', expires_at = now() + interval '6 days'
        WHERE id = $1`,
      [id],
    );
    await app.nest.get(ExpiringKeys, { strict: false }).run();
    return id;
  }

  const failures = async (): Promise<unknown[]> =>
    app.query(`SELECT state, failure FROM webhook_deliveries WHERE application_id = $1`, [applicationId]);

  it('is told that a key is about to expire', async () => {
    await verifyEmail();
    expect((await owner.get(path).expect(200)).body).toEqual({ mail: false, mailAvailable: true });
    await owner.put(path).send({ mail: true }).expect(200);
    await owner.put(path).send({ mail: true }).expect(200);
    expect((await owner.get(path).expect(200)).body.mail).toBe(true);
    const id = await expire('for the\r\nBcc: everybody@example.org');
    const mail = await mails.next(email);
    expect(mail.text).toContain('A key expires within 7 days');
    expect(mail.text).toContain(id);
    expect(mail.to).toEqual([email]);
    await eventually(async () => {
      expect(await failures()).toEqual([{ state: 'delivered', failure: null }]);
    });
    await owner.put(path).send({ mail: false }).expect(200);
    await expire('another');
    expect(await failures()).toHaveLength(1);
  });

  it('is no webhook that others see or count', async () => {
    await owner.put(path).send({ mail: true }).expect(200);
    const { body } = await owner.get(`/applications/${applicationId}/webhooks`).expect(200);
    expect(body.data).toEqual([]);
    const [row] = (await app.query('SELECT id FROM webhooks WHERE application_id = $1', [applicationId])) as {
      id: string;
    }[];
    await owner.delete(`/applications/${applicationId}/webhooks/${row!.id}`).expect(404);
  });

  it('is told nothing before the email is verified, nor after they have left', async () => {
    await owner.put(path).send({ mail: true }).expect(200);
    await expire('before');
    await eventually(async () => {
      expect(await failures()).toEqual([{ state: 'dead', failure: 'disabled' }]);
    });
    await verifyEmail();
    const other = await Client.signedIn(app);
    await owner.takeIn(applicationId, other, 'owner');
    await owner.delete(`/applications/${applicationId}/members/${owner.userId}`).expect(204);
    const { id } = await other.issueKey(applicationId);
    await app.query(
      `UPDATE api_keys SET created_at = now() - interval '100 days', expires_at = now() + interval '6 days' WHERE id = $1`,
      [id],
    );
    await app.nest.get(ExpiringKeys, { strict: false }).run();
    await eventually(async () => {
      expect(await failures()).toEqual([
        { state: 'dead', failure: 'disabled' },
        { state: 'dead', failure: 'disabled' },
      ]);
    });
    expect(mails.mails.filter(({ to }) => to.includes(email))).toEqual([]);
  });
});
