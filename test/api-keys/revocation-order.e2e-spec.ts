import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as PgClient } from 'pg';
import { Client } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const KEYS = 60;

/*
 * Whoever holds the lock of one key in the middle makes two revocations wait there, each with the locks of the keys it
 * came by: had they come from different ends, one would go on into what the other has locked.
 */
describe('revocations of the same keys, at once', () => {
  let database: TestDatabase;
  let app: TestApp;
  let other: TestApp;
  let owner: Client;
  /** The same person, by the node that reads the table. */
  let reader: Client;
  let blocker: PgClient;

  beforeAll(async () => {
    database = await createTestDatabase();
    blocker = new PgClient({ connectionString: database.url });
    await blocker.connect();
    // One finds unrevoked keys by their index, which has the newest first; the other reads the table as it lies.
    app = await startWith(['seqscan', 'bitmapscan']);
    other = await startWith(['indexscan', 'indexonlyscan', 'bitmapscan']);
    owner = await Client.signedIn(app);
    reader = new Client(other, owner.caller);
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
    await blocker.end();
    await database.drop();
  });

  function startWith(plans: string[]): Promise<TestApp> {
    const url = new URL(database.url);
    url.searchParams.set('options', plans.map((plan) => `-c enable_${plan}=off`).join(' '));
    return TestApp.start({ database, env: { DATABASE_URL: url.href } });
  }

  /** So many statements wait for a lock. Not asked in the blocker's transaction, which would always see the same. */
  async function expectWaiting(count: number): Promise<void> {
    const [row] = await app.query(
      `SELECT count(*)::integer AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(row).toEqual({ waiting: count });
  }

  /** The statuses of calls that are all made to wait at the key. */
  async function meetingAt(id: string, calls: (() => PromiseLike<{ status: number }>)[]): Promise<number[]> {
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM api_keys WHERE id = $1 FOR UPDATE', [id]);
    const answers: PromiseLike<{ status: number }>[] = [];
    for (const call of calls) {
      // A call is sent when somebody asks for its answer.
      answers.push(Promise.resolve(call()));
      await eventually(() => expectWaiting(answers.length));
    }
    await blocker.query('ROLLBACK');
    return (await Promise.all(answers)).map(({ status }) => status);
  }

  /** An application with keys whose rows lie in the table oldest first. */
  async function issueKeys(): Promise<{ application: string; ids: string[] }> {
    const application = await owner.createApplication();
    const ids: string[] = [];
    for (let i = 0; i < KEYS; i++) ids.push((await owner.issueKey(application)).id);
    await app.query('CLUSTER api_keys USING api_keys_pkey');
    return { application, ids };
  }

  it('do not wait for each other in a circle, in whatever order their keys are found', async () => {
    const { ids } = await issueKeys();
    const statuses = await meetingAt(ids[KEYS / 2]!, [
      () => owner.post('/apikey/bulk-revoke').send({ ids }),
      () => reader.post('/apikey/bulk-revoke').send({ ids: [...ids].reverse() }),
    ]);
    expect(statuses).toEqual([200, 200]);
  });

  it('do not wait in a circle for the deletion of their application', async () => {
    const { application, ids } = await issueKeys();
    const statuses = await meetingAt(ids[KEYS / 2]!, [
      () => owner.post('/apikey/bulk-revoke').send({ ids }),
      () => reader.delete(`/applications/${application}`),
    ]);
    expect(statuses).toEqual([200, 204]);
  });
});
