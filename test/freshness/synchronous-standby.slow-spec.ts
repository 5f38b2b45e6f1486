import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import type { Response } from 'supertest';
import { Client, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { TestApp } from '../support/test-app.js';

/**
 * A primary whose synchronous standby is gone: each COMMIT waits, is in the tables, and is lost when a standby takes
 * over. Once somebody cancels the wait PostgreSQL answers with success, once somebody terminates it, not at all.
 */
describe.each([
  ['cancelled', 'pg_cancel_backend'],
  ['terminated', 'pg_terminate_backend'],
])('When the wait of a COMMIT for a synchronous standby is %s', (_, end) => {
  let postgres: OwnPostgres;
  let app: TestApp;
  let client: Client;
  let admin: PostgresClient;
  let applicationId: string;

  beforeAll(async () => {
    postgres = await OwnPostgres.start();
    // The test cancels what waits; nothing here is to be over before that.
    app = await TestApp.start({
      database: postgres.database,
      env: { DATABASE_STATEMENT_TIMEOUT_MS: '60000', VERIFY_LEASE_MS: '10000', RESPONSE_TIMEOUT_MS: '60000' },
    });
    client = await Client.signedIn(app);
    admin = new PostgresClient({ connectionString: postgres.url });
    await admin.connect();
    await admin.query('SET synchronous_commit = off');
    applicationId = await client.createApplication();
  }, 120_000);

  afterAll(async () => {
    await standby('');
    await app.stop();
    await admin.end();
    await postgres.stop();
  }, 60_000);

  it.each([
    ['a revocation', (id: string) => client.delete(`/apikey/${id}`)],
    ['a change', (id: string) => client.patch(`/apikey/${id}`).send({ enabled: false })],
    ['a rotation', (id: string) => client.post(`/apikey/${id}/rotate`).send({})],
    ['a new key', () => client.post(`/apikey?ApplicationId=${applicationId}`)],
  ])(
    '%s is not acknowledged, and the connection is used no more',
    async (_, call) => {
      const { id } = await eventually(() => client.issueKey(applicationId));
      await standby('nobody');
      const answer = call(id).then((response) => response);
      const ended = await endWaits(answer);
      expect(summary(await answer)).toEqual([503, 'service_unavailable', '1']);
      await standby('');
      await eventually(async () => {
        const { rows } = await admin.query('SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1)', [ended]);
        expect(rows).toEqual([]);
      });
    },
    60_000,
  );

  it('a deletion that is repeated waits as the first did, though it finds nothing to do', async () => {
    const application = await eventually(() => client.createApplication());
    const { key } = await client.issueKey(application);
    const other = await client.issueKey(applicationId);
    await standby('nobody');
    for (const path of [`/applications/${application}`, `/apikey/${other.id}`]) {
      for (const time of ['first', 'second']) {
        const answer = client.delete(path).then((response) => response);
        await endWaits(answer);
        expect([time, (await answer).status]).toEqual([time, 503]);
      }
    }

    await standby('');
    await eventually(() => client.delete(`/apikey/${other.id}`).expect(204));
    await eventually(() => client.delete(`/applications/${application}`).expect(404));
    expect((await verify(app, other.key)).code).toBe('REVOKED');
    expect((await verify(app, key)).code).toBe('REVOKED');
  }, 60_000);

  it('a refusal waits for a standby, too, where it may be that of a call which is repeated, and has found nothing to do', async () => {
    const given = { currentPassword: 'not the one it is', newPassword: 'another one, and a long one' };
    await eventually(() => client.post('/auth/password').send(given).expect(403));
    await standby('nobody');
    const answer = client
      .post('/auth/password')
      .send(given)
      .then((response) => response);
    await endWaits(answer);
    expect(summary(await answer)).toEqual([503, 'service_unavailable', '1']);
    await standby('');
  }, 60_000);

  it.each(['audit', 'audit/export'])(
    'GET /applications/{id}/%s is not answered, since events may be missing in it',
    async (path) => {
      const application = await eventually(() => client.createApplication());
      await client.get(`/applications/${application}/${path}`).expect(200);
      await standby('nobody');
      const answer = client.get(`/applications/${application}/${path}`).then((response) => response);
      await endWaits(answer);
      expect(summary(await answer)).toEqual([503, 'service_unavailable', '1']);
      await standby('');
    },
    60_000,
  );

  async function standby(names: string): Promise<void> {
    await admin.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await admin.query('SELECT pg_reload_conf()');
    await eventually(async () => {
      const { rows } = await admin.query<{ names: string }>('SHOW synchronous_standby_names');
      expect(Object.values(rows[0]!)).toEqual([names]);
    });
  }

  /** Ends every wait of the service's calls until the answer has come; returns whose waits these were. */
  async function endWaits(answer: Promise<unknown>): Promise<number[]> {
    const over = new AbortController();
    void answer.finally(() => {
      over.abort();
    });
    const ended = new Set<number>();
    while (!over.signal.aborted) {
      const { rows } = await admin.query<{ pid: number }>(
        `SELECT pid, ${end}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
      );
      for (const { pid } of rows) ended.add(pid);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(ended.size).toBeGreaterThan(0);
    return [...ended];
  }
});

function summary({ status, body, headers }: Response): unknown[] {
  return [status, (body as { code?: string }).code, headers['retry-after']];
}
