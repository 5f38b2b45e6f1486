import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import type { Response } from 'supertest';
import { Client, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { TestApp } from '../support/test-app.js';

/**
 * A primary whose synchronous standby is gone: each COMMIT waits, is in the tables, and is lost when a standby takes
 * over. PostgreSQL answers it with success once somebody cancels the wait.
 */
describe('When the wait of a COMMIT for a synchronous standby is cancelled', () => {
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
    '%s is not acknowledged',
    async (_, call) => {
      const { id } = await client.issueKey(applicationId);
      await standby('nobody');
      const answer = call(id).then((response) => response);
      await cancelWaits(answer);
      expect(summary(await answer)).toEqual([503, 'service_unavailable', '1']);
      await standby('');
    },
    60_000,
  );

  it('a revocation that is repeated waits as the first did, though it finds nothing to do', async () => {
    const { id, key } = await client.issueKey(applicationId);
    await standby('nobody');
    const first = client.delete(`/apikey/${id}`).then((response) => response);
    await cancelWaits(first);
    expect((await first).status).toBe(503);
    const second = client.delete(`/apikey/${id}`).then((response) => response);
    await cancelWaits(second);
    expect((await second).status).toBe(503);

    await standby('');
    await eventually(() => client.delete(`/apikey/${id}`).expect(204));
    expect((await verify(app, key)).code).toBe('REVOKED');
  }, 60_000);

  async function standby(names: string): Promise<void> {
    await admin.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await admin.query('SELECT pg_reload_conf()');
    await eventually(async () => {
      const { rows } = await admin.query<{ names: string }>('SHOW synchronous_standby_names');
      expect(Object.values(rows[0]!)).toEqual([names]);
    });
  }

  /** Cancels every wait of the service's calls until the answer has come. */
  async function cancelWaits(answer: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    void answer.finally(() => {
      over.abort();
    });
    let cancelled = 0;
    while (!over.signal.aborted) {
      const { rowCount } = await admin.query(
        `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
      );
      cancelled += rowCount ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(cancelled).toBeGreaterThan(0);
  }
});

function summary({ status, body, headers }: Response): unknown[] {
  return [status, (body as { code?: string }).code, headers['retry-after']];
}
