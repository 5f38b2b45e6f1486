import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WebhookSender } from '../../src/modules/webhooks/application/webhook-sender.js';
import { WebhookWorker } from '../../src/modules/webhooks/infrastructure/webhook-worker.js';
import { Client, UNKNOWN_ID } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const URL = 'https://hooks.example.com/secret-path';

describe('the webhooks of an application', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let webhooks: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    webhooks = `/applications/${applicationId}/webhooks`;
  });

  async function create(body: object = {}): Promise<{ path: string; secret: string }> {
    const answer = await owner
      .post(webhooks)
      .send({ url: URL, ...body })
      .expect(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    return { path: answer.headers.location!, secret: answer.body.secret as string };
  }

  it('show their secret once, and have it in no row', async () => {
    const { path, secret } = await create();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const { text } = await owner.get(path).expect(200);
    expect(text).not.toContain('whsec_');
    const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64').toString('hex');
    const [row] = (await app.query(
      `SELECT encode(secret, 'hex') AS secret, to_jsonb(w)::text AS text FROM webhooks w WHERE application_id = $1`,
      [applicationId],
    )) as { secret: string; text: string }[];
    expect(row!.secret).not.toContain(bytes);
    expect(row!.text).not.toContain(secret.slice(6));
  });

  it('can be listed, read, changed and deleted', async () => {
    const { path } = await create({ events: ['key.*'], description: ' billing ', creditsBelow: 5 });
    const { body } = await owner.get(path).expect(200);
    expect(body).toMatchObject({
      url: URL,
      events: ['key.*'],
      description: 'billing',
      creditsBelow: 5,
      enabled: true,
      disabledBecause: null,
      droppedEvents: 0,
    });
    await owner
      .patch(path)
      .send({ events: ['member.removed'], enabled: false })
      .expect(200);
    expect((await owner.get(webhooks).expect(200)).body.data).toMatchObject([
      { events: ['member.removed'], enabled: false, url: URL },
    ]);
    await owner.delete(path).expect(204);
    expect((await owner.get(webhooks).expect(200)).body.data).toEqual([]);
    for (const answer of [
      await owner.get(path),
      await owner.delete(path),
      await owner.post(`${path}/test`),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([404, 'webhook_not_found']);
    }
  });

  it('are ten at most, however many are created at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 14 }, () => owner.post(webhooks).send({ url: URL })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array<number>(10).fill(201), ...Array<number>(4).fill(409)]);
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('webhook_limit_reached');
  });

  it.each([
    ['http://hooks.example.com/', 'https://'],
    ['ftp://hooks.example.com/', 'https://'],
    ['https://user:password@hooks.example.com/', 'user'],
    ['https://hooks.example.com/#part', 'fragment'],
    ['/hook', 'absolute'],
    ['https://', 'absolute'],
    [`https://hooks.example.com/${'x'.repeat(2000)}`, '2000'],
    ['', '1'],
  ])('do not lead to %.40s', async (url, complaint) => {
    const { body } = await owner.post(webhooks).send({ url }).expect(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'url' }] });
    expect(JSON.stringify(body.errors)).toContain(complaint);
  });

  it.each([
    { events: [] },
    { events: ['key.unknown'] },
    { events: ['key.created', 'key.created'] },
    { events: 'key.created' },
    { events: Array<string>(40).fill('*') },
    { creditsBelow: 0 },
    { creditsBelow: 1.5 },
    { enabled: true },
    { secret: 'whsec_mine' },
  ])('are not created with %j', async (settings) => {
    const { body } = await owner
      .post(webhooks)
      .send({ url: URL, ...settings })
      .expect(400);
    expect(body.code).toBe('validation_failed');
  });

  it('are told apart in the audit trail without the path of their URL', async () => {
    const { path } = await create();
    await owner.patch(path).send({ url: 'https://hooks.example.com/another-path' }).expect(200);
    const { text, body } = await owner.get(`/applications/${applicationId}/audit`).expect(200);
    expect(text).not.toContain('secret-path');
    expect(text).not.toContain('another-path');
    expect(body.data[0]).toMatchObject({
      action: 'WebhookChanged',
      before: { urlSha256: expect.any(String) },
      after: { urlSha256: expect.any(String) },
    });
  });

  it('of another application are none of this one', async () => {
    const { path } = await create();
    const other = await owner.createApplication();
    const id = path.split('/').at(-1)!;
    const answer = await owner.get(`/applications/${other}/webhooks/${id}`);
    expect([answer.status, answer.body.code]).toEqual([404, 'webhook_not_found']);
    const resend = await owner.post(`${path}/deliveries/${UNKNOWN_ID}/resend`);
    expect([resend.status, resend.body.code]).toEqual([404, 'delivery_not_found']);
  });

  it('are not for viewers', async () => {
    const viewer = await Client.signedIn(app);
    await owner.takeIn(applicationId, viewer, 'viewer');
    const answer = await viewer.get(webhooks);
    expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_role']);
  });

  it('send nothing to this machine unless the configuration says so', async () => {
    const { body } = await owner.post(webhooks).send({ url: 'https://127.0.0.1:1/' }).expect(201);
    const path = `${webhooks}/${body.id as string}`;
    await owner.post(`${path}/test`).expect(202);
    await app.nest.get(WebhookWorker, { strict: false }).run();
    await app.nest.get(WebhookSender, { strict: false }).idle();
    const deliveries = await owner.get(`${path}/deliveries`).expect(200);
    expect(deliveries.body.data).toMatchObject([
      { type: 'webhook.test', state: 'pending', attempts: 1, status: null, failure: 'address_refused' },
    ]);
  });

  it('let no more than ten test events wait, however many are asked for at once', async () => {
    const { body } = await owner.post(webhooks).send({ url: 'https://127.0.0.1:1/' }).expect(201);
    const path = `${webhooks}/${body.id as string}`;
    const answers = await Promise.all(Array.from({ length: 20 }, () => owner.post(`${path}/test`)));
    const codes = answers.map(({ status, body }) =>
      status === 202 ? 'sent' : (body as { code: string }).code,
    );
    expect(codes.filter((code) => code === 'sent')).toHaveLength(10);
    expect(codes.filter((code) => code === 'test_events_waiting')).toHaveLength(10);
  });
});
