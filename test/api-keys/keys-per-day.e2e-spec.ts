import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type request from 'supertest';
import { Client } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const AT_ONCE = 64;
const LIMIT = 10;
const ENV = { MAX_KEYS_ISSUED_PER_DAY: String(LIMIT) };

describe('The keys that are issued for an application on one day', () => {
  let app: TestApp;
  let other: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: ENV });
    other = await TestApp.start({ env: ENV, database: app.database });
    owner = await Client.signedIn(app);
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });
  beforeEach(async () => {
    applicationId = await owner.createApplication();
  });

  const issue = (body: object = {}, client = owner): request.Test =>
    client.post(`/apikey?ApplicationId=${applicationId}`).send(body);
  const newKeys = (count: number): { sha256: string }[] =>
    Array.from({ length: count }, () => ({ sha256: randomBytes(32).toString('hex') }));
  const importKeys = (keys: object[]): request.Test =>
    owner.post(`/apikey/import?ApplicationId=${applicationId}`).send({ keys });
  const setDay = (sql: string): Promise<unknown> =>
    app.query(`UPDATE application_key_counts SET issued_on = ${sql} WHERE application_id = $1`, [
      applicationId,
    ]);

  async function issued(): Promise<number> {
    const rows = await app.query('SELECT count(*)::integer AS keys FROM api_keys WHERE application_id = $1', [
      applicationId,
    ]);
    return (rows as [{ keys: number }])[0].keys;
  }
  async function expectRefusal(call: request.Test): Promise<void> {
    const { status, body, headers } = await call;
    expect([status, body.code]).toEqual([429, 'daily_key_limit_reached']);
    const wait = Number(headers['retry-after']);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(86_400);
    expect(headers['ratelimit-policy']).toBe(`"keys";q=${LIMIT};w=86400`);
    expect(headers.ratelimit).toBe(`"keys";r=0;t=${wait}`);
  }

  it(`are no more than they may be, however many are asked for at once, on two nodes`, async () => {
    const there = new Client(other, owner.caller);
    // With credits a key is issued in a transaction of its own, without them in the statement that keys share.
    const bodies = [{}, { credits: { remaining: 5 } }];
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) => issue(bodies[i % 2], i % 4 < 2 ? owner : there)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(LIMIT);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
      new Set(['429 daily_key_limit_reached']),
    );
    expect(await issued()).toBe(LIMIT);
  });

  it('are counted also when they were revoked since, and for their application alone', async () => {
    for (let i = 0; i < LIMIT; i++) {
      const { id } = await owner.issueKey(applicationId);
      await owner.delete(`/apikey/${id}`).expect(204);
    }
    await expectRefusal(issue());
    applicationId = await owner.createApplication();
    await issue().expect(200);
  });

  it('are those for services and imported ones, too', async () => {
    await importKeys(newKeys(LIMIT - 2)).expect(200);
    await owner.issueServiceKey(applicationId);
    await issue().expect(200);
    await expectRefusal(issue());
    await expectRefusal(
      owner
        .post(`/applications/${applicationId}/service-keys`)
        .send({ name: 'a machine', scopes: ['keys:verify'] }),
    );
    await expectRefusal(importKeys(newKeys(1)));
  });

  it('are not those of an import that is refused, nor those that were here already', async () => {
    const here = newKeys(LIMIT - 1);
    await importKeys(here).expect(200);
    await expectRefusal(importKeys(newKeys(2)));
    expect(await issued()).toBe(LIMIT - 1);
    await importKeys(here).expect(200);
    await issue().expect(200);
    await importKeys(here).expect(200);
    await expectRefusal(issue());
  });

  it('are not counted when issuing them fails, nor when a key is rotated', async () => {
    const { id } = await owner.issueKey(applicationId);
    for (let i = 0; i < LIMIT; i++) await owner.post(`/apikey/${id}/rotate`).expect(200);
    for (let i = 0; i < LIMIT; i++) await issue({ expiresAt: '2001-01-01T00:00:00Z' }).expect(400);
    for (let i = 1; i < LIMIT; i++) await issue().expect(200);
    await expectRefusal(issue());
  });

  it('are counted anew on the next day', async () => {
    for (let i = 0; i < LIMIT; i++) await issue().expect(200);
    await expectRefusal(issue());
    await setDay('issued_on - 1');
    for (let i = 0; i < LIMIT; i++) await issue().expect(200);
    await expectRefusal(issue());
    await setDay('issued_on - 1');
    await importKeys(newKeys(LIMIT)).expect(200);
    await expectRefusal(issue());
  });

  it('are counted on for a day that has begun for others before', async () => {
    for (let i = 0; i < LIMIT - 1; i++) await issue().expect(200);
    await setDay('issued_on + 1');
    await issue().expect(200);
    await expectRefusal(issue());
    await expectRefusal(importKeys(newKeys(1)));
  });

  it.each([
    ['their number is not known', 'UPDATE application_key_counts SET issued_on = NULL, issued = 0'],
    ['all that was counted is lost', 'DELETE FROM application_key_counts'],
  ])('are found among all keys when %s', async (_, statement) => {
    for (let i = 0; i < LIMIT - 1; i++) await issue().expect(200);
    const { data } = (await owner.get(`/apikey?ApplicationId=${applicationId}`).expect(200)).body;
    await owner.delete(`/apikey/${data[0].id}`).expect(204);
    await app.query(`UPDATE api_keys SET created_at = created_at - interval '1 day' WHERE id = $1`, [
      data[1].id,
    ]);
    await app.query(`${statement} WHERE application_id = $1`, [applicationId]);
    for (let i = 0; i < 2; i++) await issue().expect(200);
    await expectRefusal(issue());
  });
});
