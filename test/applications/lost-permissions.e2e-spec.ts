import { setTimeout as sleep } from 'node:timers/promises';
import { Client as PgClient } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/builders.js';
import { CHANGING_ROUTES, surround } from '../support/changing-routes.js';
import { directUrlOf } from '../support/database.js';
import { EventLog } from '../support/event-log.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

/** For what waits until the test lets it go on, however busy the machine is. */
const PATIENT = {
  DATABASE_POOL_WAIT_MS: '60000',
  DATABASE_STATEMENT_TIMEOUT_MS: '60000',
  RESPONSE_TIMEOUT_MS: '120000',
};

const WAITING = 200;
/** About an application that is not there yet, and about what somebody is offered, whatever they are. */
const NOT_BY_A_ROLE = /^POST \/applications$|^POST \/applications\/offers\//;

describe('who has been taken out of an application', () => {
  let app: TestApp;
  /** Another node, whose connections nobody waits on. */
  let other: TestApp;
  let log: EventLog;
  let founder: Client;
  let admin: Client;
  let stranger: Client;
  let transaction: PgClient;

  beforeAll(async () => {
    // Less than a pooler has for both nodes.
    app = await TestApp.start({ env: { ...PATIENT, DATABASE_POOL_SIZE: '7' } });
    other = await TestApp.start({ database: app.database, env: PATIENT });
    log = await EventLog.of(app);
    founder = await Client.signedIn(other);
    admin = await Client.signedIn(app);
    stranger = await Client.signedIn(app);
    transaction = new PgClient({ connectionString: directUrlOf(app.database) });
    await transaction.connect();
  });
  afterAll(async () => {
    await transaction.end();
    await other.stop();
    await app.stop();
  });

  const routes = Object.keys(CHANGING_ROUTES).filter((route) => !NOT_BY_A_ROLE.test(route));

  it.each(routes)('changes nothing with %s, though let in before', async (route) => {
    const surroundings = await surround(founder, admin, stranger);
    const { applicationId } = surroundings;
    const { path, body } = await CHANGING_ROUTES[route]!.prepare(surroundings);
    const method = route.split(' ', 1)[0]!.toLowerCase() as 'post';
    let answer: { status: number; body: { code?: string } } | undefined;
    const events = await log.during(async () => {
      // As the service takes somebody out, which is about to be committed.
      await transaction.query('BEGIN');
      await transaction.query('SELECT FROM applications WHERE id = $1 FOR NO KEY UPDATE', [applicationId]);
      await transaction.query('DELETE FROM application_members WHERE application_id = $1 AND subject = $2', [
        applicationId,
        admin.userId,
      ]);
      const answered = admin[method](path)
        .send(body)
        .then((response) => (answer = response));
      await eventually(async () => {
        expect(answer !== undefined || (await waitingForLocks()) > 0).toBe(true);
      });
      await transaction.query('COMMIT');
      await answered;
    });
    expect(answer).toMatchObject({ status: 403, body: { code: 'not_application_owner' } });
    expect(events).toEqual([]);
  });

  it.each(['POST /apikey', 'PATCH /apikey/:id'])(
    'changes nothing with %s when they are given a lesser role instead',
    async (route) => {
      const surroundings = await surround(founder, admin, stranger);
      const { path, body } = await CHANGING_ROUTES[route]!.prepare(surroundings);
      const method = route.split(' ', 1)[0]!.toLowerCase() as 'post';
      await transaction.query('BEGIN');
      await transaction.query(
        `UPDATE application_members SET role = 'viewer' WHERE application_id = $1 AND subject = $2`,
        [surroundings.applicationId, admin.userId],
      );
      const answered = admin[method](path)
        .send(body)
        .then((response) => response);
      await eventually(async () => {
        expect(await waitingForLocks()).toBe(1);
      });
      await transaction.query('COMMIT');
      expect(await answered).toMatchObject({ status: 403, body: { code: 'insufficient_role' } });
    },
  );

  it.each(['a new key', 'a change'])('is told so after %s of theirs is committed', async (what) => {
    const { applicationId } = await surround(founder, admin, stranger);
    const { id } = await founder.issueKey(applicationId);
    await transaction.query('SELECT pg_advisory_lock($1)', [EventLog.HOLD]);
    const body = { name: 'held by the log' };
    const call =
      what === 'a change'
        ? admin.patch(`/apikey/${id}`)
        : admin.post(`/apikey?ApplicationId=${applicationId}`);
    const answers: string[] = [];
    const changed = call.send(body).then(({ status }) => answers.push(`changed: ${status}`));
    await eventually(async () => {
      expect(await waitingForLocks()).toBe(1);
    });
    const removed = founder
      .delete(`/applications/${applicationId}/members/${admin.userId}`)
      .then(({ status }) => answers.push(`removed: ${status}`));
    await eventually(async () => {
      // The removal waits for the change, or was not held up by it.
      expect((await waitingForLocks()) === 2 || answers.length > 0).toBe(true);
    });
    expect(answers).toEqual([]);
    await transaction.query('SELECT pg_advisory_unlock($1)', [EventLog.HOLD]);
    await Promise.all([changed, removed]);
    expect(answers.sort()).toEqual(['changed: 200', 'removed: 204']);
  });

  it.each(['a new key', 'a change'])('holds up nothing by %s that comes after the removal', async (what) => {
    const { applicationId } = await surround(founder, admin, stranger);
    const held = await founder.issueKey(applicationId);
    const next = await founder.issueKey(applicationId);
    await transaction.query('SELECT pg_advisory_lock($1)', [EventLog.HOLD]);
    const answers: string[] = [];
    const first = admin
      .patch(`/apikey/${held.id}`)
      .send({ name: 'held by the log' })
      .then(({ status }) => answers.push(`first: ${status}`));
    await eventually(async () => {
      expect(await waitingForLocks()).toBe(1);
    });
    const removed = founder
      .delete(`/applications/${applicationId}/members/${admin.userId}`)
      .then(({ status }) => answers.push(`removed: ${status}`));
    await eventually(async () => {
      expect(await waitingForLocks()).toBe(2);
    });
    const second = (
      what === 'a change'
        ? admin.patch(`/apikey/${next.id}`).send({ name: 'b' })
        : admin.post(`/apikey?ApplicationId=${applicationId}`)
    ).then(({ status }) => answers.push(`second: ${status}`));
    await eventually(async () => {
      expect((await waitingForLocks()) === 3 || answers.length > 0).toBe(true);
    });
    expect(answers).toEqual([]);
    await transaction.query('SELECT pg_advisory_unlock($1)', [EventLog.HOLD]);
    await Promise.all([first, removed, second]);
    expect(answers.sort()).toEqual(['first: 200', 'removed: 204', 'second: 403']);
  });

  it(`issues none of ${WAITING} keys that wait while that happens`, async () => {
    const { applicationId } = await surround(founder, admin, stranger);
    await founder.issueKey(applicationId);
    await transaction.query('BEGIN');
    await transaction.query('SELECT FROM application_key_counts WHERE application_id = $1 FOR UPDATE', [
      applicationId,
    ]);
    const issues = Array.from({ length: WAITING }, () =>
      admin.post(`/apikey?ApplicationId=${applicationId}`).then(({ status }) => status),
    );
    // As many as there are connections wait in the database, let in by the guard; the others behind them.
    await eventually(async () => {
      expect(await waitingForLocks()).toBeGreaterThan(5);
    });
    await founder.delete(`/applications/${applicationId}/members/${admin.userId}`).expect(204);
    await transaction.query('COMMIT');
    expect(new Set(await Promise.all(issues))).toEqual(new Set([403]));
    expect(await keysOf(applicationId)).toBe(1);
  });

  it('has issued by the time of the answer all that they ever issue', async () => {
    const { applicationId } = await surround(founder, admin, stranger);
    await founder.issueKey(applicationId);
    let isOver = false;
    const storm = Array.from({ length: 20 }, async () => {
      while (!isOver) await admin.post(`/apikey?ApplicationId=${applicationId}`);
    });
    await eventually(async () => {
      expect(await keysOf(applicationId)).toBeGreaterThan(50);
    });
    await founder.delete(`/applications/${applicationId}/members/${admin.userId}`).expect(204);
    const issued = await keysOf(applicationId);
    await sleep(200);
    isOver = true;
    await Promise.all(storm);
    expect(await keysOf(applicationId)).toBe(issued);
  });

  async function waitingForLocks(): Promise<number> {
    // Not on the connection of the transaction, which sees the same activity until its end.
    const rows = await other.query(
      `SELECT count(*)::integer AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return (rows as [{ waiting: number }])[0].waiting;
  }

  async function keysOf(applicationId: string): Promise<number> {
    const rows = await other.query(
      'SELECT count(*)::integer AS keys FROM api_keys WHERE application_id = $1',
      [applicationId],
    );
    return (rows as [{ keys: number }])[0].keys;
  }
});
