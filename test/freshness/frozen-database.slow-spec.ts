import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { TestApp } from '../support/test-app.js';

const STATEMENT_TIMEOUT = 1500;
/** The client gives a statement up a second later than the server would, and its ROLLBACK as long after that. */
const FROZEN = 2 * (STATEMENT_TIMEOUT + 1000) + 300;

describe('When all of PostgreSQL stands still for longer than every time-out, and goes on', () => {
  let postgres: OwnPostgres;
  let app: TestApp;
  let client: Client;

  beforeAll(async () => {
    postgres = await OwnPostgres.start();
    app = await TestApp.start({
      database: postgres.database,
      env: { DATABASE_POOL_SIZE: '10', DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT) },
    });
    client = await Client.signedIn(app);
  }, 120_000);

  afterAll(async () => {
    await app.stop();
    await postgres.stop();
  }, 60_000);

  it('a revocation, a key and an application that were acknowledged stay', async () => {
    const applicationId = await client.createApplication();
    const keys = await Promise.all(Array.from({ length: 5 }, () => client.issueKey(applicationId)));

    await postgres.freeze();
    const meanwhile = Array.from({ length: 10 }, () =>
      client.post('/applications').send({ name: 'meanwhile' }),
    );
    const answers = Promise.all(meanwhile.map((call) => call.then(({ status }) => status)));
    await sleep(FROZEN);
    postgres.thaw();

    const revoked = await Promise.all(
      keys.map(async ({ id, key }) => ({ key, id, status: (await client.delete(`/apikey/${id}`)).status })),
    );
    const issued = await client.post(`/apikey?ApplicationId=${applicationId}`);
    const made = await client.post('/applications').send({ name: 'afterwards' });
    expect((await answers).filter((status) => status !== 201 && status !== 503)).toEqual([]);
    for (const { status } of [...revoked, issued, made]) expect([200, 201, 204, 503]).toContain(status);

    // Longer than a transaction may stay idle: whatever was left open is rolled back now.
    await sleep(STATEMENT_TIMEOUT + 500);
    for (const { key, status } of revoked) {
      if (status === 204) expect((await verify(app, key)).code).toBe('REVOKED');
    }
    if (issued.status === 200) expect((await verify(app, issued.body as string)).code).toBe('VALID');
    if (made.status === 201) await client.get(`/applications/${made.body.id as string}`).expect(200);

    // All is well again, at once.
    for (const { id, key } of keys) {
      await eventually(() => client.delete(`/apikey/${id}`).expect(204));
      expect((await verify(app, key)).code).toBe('REVOKED');
    }
  }, 60_000);
});
