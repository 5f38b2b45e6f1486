import { Client as PgClient } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Response, type Test } from 'supertest';
import { Client, verify } from '../support/builders.js';
import { directUrlOf } from '../support/database.js';
import { EventLog } from '../support/event-log.js';
import { eventually } from '../support/eventually.js';
import { ExternalIssuer } from '../support/external-issuer.js';
import { PASSWORD, signIn, type SignedIn } from '../support/sign-in.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { TestApp } from '../support/test-app.js';

/** Milliseconds of the lease of a node that has fallen silent. */
const SILENT = 2000;

describe('DELETE /auth/me', () => {
  let issuer: ExternalIssuer;
  let app: TestApp;
  let log: EventLog;
  beforeAll(async () => {
    issuer = await ExternalIssuer.start();
    app = await TestApp.start({ env: { JWT_ISSUERS: JSON.stringify([issuer.settings()]) } });
    log = await EventLog.of(app);
  });
  afterAll(async () => {
    await app.stop();
    await issuer.stop();
  });

  const remove = (login: Pick<SignedIn, 'accessToken'>, password: unknown = PASSWORD): Test =>
    request(app.http).delete('/auth/me').auth(login.accessToken, { type: 'bearer' }).send({ password });
  const expectProblem = (answer: Response, status: number, code: string): void => {
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  };
  const accountsOf = async (login: SignedIn): Promise<number> =>
    (await app.query('SELECT FROM users WHERE id = $1', [login.user.id])).length;
  const addMember = (
    owner: Client,
    application: string,
    person: SignedIn,
    role: 'owner' | 'admin' | 'viewer',
  ): Promise<void> => owner.takeIn(application, new Client(app, person), role);

  it('deletes the account with its logins, and the email is free again', async () => {
    const login = await signIn(app);
    const bystander = await signIn(app);
    await remove(login).expect(204);
    expect(await accountsOf(login)).toBe(0);
    const { email } = login.user;
    const post = (path: string, body: object): Test => request(app.http).post(path).send(body);
    expectProblem(await post('/auth/login', { email, password: PASSWORD }), 401, 'invalid_credentials');
    const { refreshToken } = login;
    expectProblem(await post('/auth/refresh', { refreshToken }), 401, 'invalid_refresh_token');
    expectProblem(await remove(login), 401, 'invalid_token');
    const again = await post('/auth/register', { email, password: PASSWORD }).expect(201);
    expect(again.body.user.id).not.toBe(login.user.id);
    await new Client(app, bystander).get('/auth/me').expect(200);
  });

  it('takes the person out of every application, whose keys go on', async () => {
    const [owner, other] = [await Client.signedIn(app), await signIn(app)];
    const login = await signIn(app);
    const [viewed, owned] = [await owner.createApplication(), await owner.createApplication()];
    await addMember(owner, viewed, login, 'viewer');
    await addMember(owner, owned, login, 'owner');
    await addMember(owner, owned, other, 'admin');
    const { key } = await new Client(app, login).issueKey(owned);
    const events = await log.during(() => remove(login).expect(204));
    expect(events.map(({ name, applicationId }) => [name, applicationId])).toEqual([
      ['MemberRemoved', viewed],
      ['MemberRemoved', owned],
      ['SessionEnded', null],
      ['UserDeleted', null],
    ]);
    expect(events.at(-1)).toMatchObject({
      target: { kind: 'user', id: login.user.id },
      before: { email: login.user.email, name: null },
      after: null,
    });
    for (const [application, members] of [
      [viewed, 1],
      [owned, 2],
    ] as const) {
      const { body } = await owner.get(`/applications/${application}/members`).expect(200);
      expect(body.data).toHaveLength(members);
    }
    expect(await verify(app, key)).toMatchObject({ valid: true, ownerId: owner.userId });
  });

  it('hands an application to its next owner, when the one whom it names goes', async () => {
    const login = await signIn(app);
    const [founder, other] = [new Client(app, login), await signIn(app)];
    const application = await founder.createApplication();
    await addMember(founder, application, other, 'owner');
    const { key } = await founder.issueKey(application);
    await remove(login).expect(204);
    expect(await verify(app, key)).toMatchObject({ valid: true, ownerId: other.user.id });
    await new Client(app, other).delete(`/applications/${application}`).expect(204);
  });

  it('names the applications that would be left without an owner, and changes nothing', async () => {
    const login = await signIn(app);
    const [person, owner] = [new Client(app, login), await Client.signedIn(app)];
    const shared = await owner.createApplication();
    await addMember(owner, shared, login, 'viewer');
    const applications = [await person.createApplication(), await person.createApplication()];
    const events = await log.during(async () => {
      const answer = await remove(login);
      expectProblem(answer, 409, 'owns_applications');
      for (const application of applications) expect(answer.body.detail).toContain(application);
      expect(answer.body.detail).not.toContain(shared);
    });
    expect(events).toEqual([]);
    expect((await person.get('/applications').expect(200)).body.data).toHaveLength(3);
    for (const application of applications) await person.delete(`/applications/${application}`).expect(204);
    await remove(login).expect(204);
    expect((await owner.get(`/applications/${shared}/members`).expect(200)).body.data).toHaveLength(1);
  });

  it('names ten of them, when they are many', async () => {
    const login = await signIn(app);
    for (let i = 0; i < 12; i += 1) await new Client(app, login).createApplication();
    const { detail } = (await remove(login).expect(409)).body as { detail: string };
    expect(detail.match(/[0-9a-f]{8}-/g)).toHaveLength(10);
    expect(detail).toContain('and 2 more');
  });

  it('wants the password, and lets nobody guess it', async () => {
    const login = await signIn(app);
    const wrong = await remove(login, 'another long walk');
    expectProblem(wrong, 403, 'wrong_password');
    expect(wrong.text).not.toContain('another long walk');
    for (const password of [null, 7, ['x'], { a: 1 }, 'x'.repeat(1001)]) {
      expectProblem(await remove(login, password), 400, 'validation_failed');
    }
    const bare = await request(app.http).delete('/auth/me').auth(login.accessToken, { type: 'bearer' });
    expectProblem(bare, 400, 'validation_failed');
    expect(await accountsOf(login)).toBe(1);

    const strict = await TestApp.start({
      database: app.database,
      env: { AUTH_RATE_LIMIT_PER_ACCOUNT: '3' },
    });
    try {
      const guess = (password: string): Test =>
        request(strict.http)
          .delete('/auth/me')
          .auth(login.accessToken, { type: 'bearer' })
          .send({ password });
      for (let i = 0; i < 3; i += 1) expectProblem(await guess(`guess ${i}`), 403, 'wrong_password');
      expectProblem(await guess(PASSWORD), 429, 'too_many_requests');
    } finally {
      await strict.stop();
    }
    expect(await accountsOf(login)).toBe(1);
  });

  it('is done once by two calls at once', async () => {
    const login = await signIn(app);
    const events = await log.during(async () => {
      const answers = await Promise.all([remove(login), remove(login)]);
      for (const { status } of answers) expect([204, 401, 404]).toContain(status);
      expect(answers.map(({ status }) => status)).toContain(204);
    });
    expect(events.filter(({ name }) => name === 'UserDeleted')).toHaveLength(1);
  });

  describe('which waits', () => {
    let holder: PgClient;
    let login: SignedIn;
    /** Calls that wait for the account. */
    let waiting: number;
    beforeEach(async () => {
      login = await signIn(app);
      waiting = 0;
      holder = new PgClient({ connectionString: directUrlOf(app.database) });
      await holder.connect();
      await holder.query('BEGIN');
      await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [login.user.id]);
    });
    afterEach(() => holder.end());

    const untilItWaits = async (call: Test): Promise<{ answered: Promise<Response> }> => {
      const answered = call.then((answer) => answer);
      waiting += 1;
      await eventually(async () => {
        const rows = await app.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect(rows).toHaveLength(waiting);
      });
      return { answered };
    };

    it('for a change of the password is not done with the old one', async () => {
      const change = request(app.http)
        .post('/auth/password')
        .auth(login.accessToken, { type: 'bearer' })
        .send({ currentPassword: PASSWORD, newPassword: 'a longer walk in the mountains' });
      const changing = await untilItWaits(change);
      const deleting = await untilItWaits(remove(login));
      await holder.query('COMMIT');
      expect((await changing.answered).status).toBe(204);
      expectProblem(await deleting.answered, 403, 'wrong_password');
      expect(await accountsOf(login)).toBe(1);
    });

    it('for another deletion is refused once that holds on every node', async () => {
      const calls = [await untilItWaits(remove(login)), await untilItWaits(remove(login))];
      await addSilentNode(app, SILENT);
      await holder.query('COMMIT');
      const times = await Promise.all(calls.map(({ answered }) => timeOf(answered)));
      // The lease counts from when it is seen first, which may be a little before the commit.
      for (const time of times) expect(time).toBeGreaterThan(SILENT / 4);
      const answers = await Promise.all(calls.map(({ answered }) => answered));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 404]);
    });

    it('for the end of its session is not done', async () => {
      const { answered } = await untilItWaits(remove(login));
      await holder.query('DELETE FROM refresh_token_families WHERE user_id = $1', [login.user.id]);
      await holder.query('COMMIT');
      expectProblem(await answered, 401, 'invalid_token');
      expect(await accountsOf(login)).toBe(1);
    });
  });

  it('is for people who have an account here, with an access token', async () => {
    expectProblem(
      await request(app.http).delete('/auth/me').send({ password: PASSWORD }),
      401,
      'unauthenticated',
    );
    expectProblem(await remove({ accessToken: issuer.token() }), 404, 'user_not_found');
    const owner = await Client.signedIn(app);
    const application = await owner.createApplication();
    const { key } = await owner.issueServiceKey(application, { name: 'ci', scopes: ['apikeys:write'] });
    expectProblem(await remove({ accessToken: key }), 401, 'invalid_token');
  });
});
