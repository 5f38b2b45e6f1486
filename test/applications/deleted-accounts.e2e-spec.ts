import { Client as PgClient } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Response } from 'supertest';
import { AccountDeletionHooks } from '../../src/modules/auth/index.js';
import { Client } from '../support/builders.js';
import { directUrlOf } from '../support/database.js';
import { EventLog } from '../support/event-log.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, signIn, type SignedIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

/** For what waits until the test lets it go on, however busy the machine is. */
const PATIENT = {
  DATABASE_POOL_WAIT_MS: '60000',
  DATABASE_STATEMENT_TIMEOUT_MS: '60000',
  RESPONSE_TIMEOUT_MS: '120000',
};

describe('an application whose owner deletes their account meanwhile', () => {
  let app: TestApp;
  let holder: PgClient;
  let login: SignedIn;
  let person: Client;
  /** Runs inside the deletion, when the person has left all applications and nothing is committed. */
  let whileDeleting: () => Promise<void>;

  beforeAll(async () => {
    app = await TestApp.start({ env: PATIENT });
    await EventLog.of(app);
    holder = new PgClient({ connectionString: directUrlOf(app.database) });
    await holder.connect();
    app.nest.get(AccountDeletionHooks, { strict: false }).add({ onAccountDeleted: () => whileDeleting() });
  });
  afterAll(async () => {
    await holder.end();
    await app.stop();
  });
  beforeEach(async () => {
    login = await signIn(app);
    person = new Client(app, login);
    whileDeleting = () => Promise.resolve();
  });
  afterEach(() => holder.query('SELECT pg_advisory_unlock_all()'));

  const removeAccount = (): request.Test =>
    request(app.http)
      .delete('/auth/me')
      .auth(login.accessToken, { type: 'bearer' })
      .send({ password: PASSWORD });
  /** Sends a call in the midst of the deletion, which goes on once that is answered or waits. */
  const sendWhileDeleting = async (call: () => request.Test): Promise<[Response, Response]> => {
    let answered: Promise<Response> | undefined;
    whileDeleting = async () => {
      let isAnswered = false;
      answered = call().then((answer) => {
        isAnswered = true;
        return answer;
      });
      await eventually(async () => {
        expect(isAnswered || (await waiting()) > 0).toBe(true);
      });
    };
    const deleted = await removeAccount();
    return [deleted, await answered!];
  };
  const waiting = async (): Promise<number> =>
    (
      await app.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
    ).length;

  it('is not made', async () => {
    const name = `made by ${login.user.id}`;
    const [deleted, made] = await sendWhileDeleting(() => person.post('/applications').send({ name }));
    expect(deleted.status).toBe(204);
    expect([made.status, made.body.code]).toEqual([401, 'invalid_token']);
    expect(await app.query('SELECT FROM applications WHERE name = $1', [name])).toEqual([]);
  });

  it('stays with the owner who would hand it on', async () => {
    const owner = await Client.signedIn(app);
    const id = await owner.createApplication();
    const { body } = await owner
      .post(`/applications/${id}/transfer`)
      .send({ subject: person.userId })
      .expect(202);
    const [deleted, accepted] = await sendWhileDeleting(() => person.accept(body.id as string));
    expect(deleted.status).toBe(204);
    expect([accepted.status, accepted.body.code]).toEqual([401, 'invalid_token']);
    await owner.delete(`/applications/${id}`).expect(204);
  });

  it('stands in the way, when it is about to be made', async () => {
    await holder.query('SELECT pg_advisory_lock($1)', [EventLog.HOLD]);
    const making = person
      .post('/applications')
      .send({ name: 'held by the log' })
      .then((answer) => answer);
    await eventually(async () => {
      expect(await waiting()).toBe(1);
    });
    const deleting = removeAccount().then((answer) => answer);
    await eventually(async () => {
      expect(await waiting()).toBe(2);
    });
    await holder.query('SELECT pg_advisory_unlock($1)', [EventLog.HOLD]);
    const made = await making;
    expect(made.status).toBe(201);
    const refused = await deleting;
    expect([refused.status, refused.body.code]).toEqual([409, 'owns_applications']);
    await person.delete(`/applications/${made.body.id as string}`).expect(204);
  });
});
