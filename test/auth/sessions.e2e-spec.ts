import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Response, type Test } from 'supertest';
import { FakeClock } from '../support/fake-clock.js';
import { Client, UNKNOWN_ID } from '../support/builders.js';
import { sessionOf } from '../support/changing-routes.js';
import { EventLog } from '../support/event-log.js';
import { ExternalIssuer } from '../support/external-issuer.js';
import { PASSWORD, signIn, type SignedIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const DAY = 24 * 3600_000;

interface SessionBody {
  id: string;
  current: boolean;
  createdAt: string;
  lastUsedAt: string;
  userAgent: string | null;
}

describe('Sessions', () => {
  const clock = new FakeClock();
  let issuer: ExternalIssuer;
  let app: TestApp;
  let log: EventLog;
  beforeAll(async () => {
    issuer = await ExternalIssuer.start();
    app = await TestApp.start({ clock, env: { JWT_ISSUERS: JSON.stringify([issuer.settings()]) } });
    log = await EventLog.of(app);
  });
  afterAll(async () => {
    await app.stop();
    await issuer.stop();
  });

  const logInAgain = async (
    { user }: SignedIn,
    scope?: string,
    userAgent = 'a script',
  ): Promise<SignedIn> => {
    const answer = await request(app.http)
      .post('/auth/login')
      .set('User-Agent', userAgent)
      .send({ email: user.email, password: PASSWORD, scope })
      .expect(200);
    return answer.body as SignedIn;
  };
  const refresh = (refreshToken: string, userAgent = 'a script'): Test =>
    request(app.http).post('/auth/refresh').set('User-Agent', userAgent).send({ refreshToken });
  const as = (login: SignedIn): Client => new Client(app, login);
  const foreigner = (claims: object): Client => {
    const iat = Math.floor(clock.epochMs() / 1000);
    const accessToken = issuer.token({ iat, exp: iat + 300, ...claims });
    return new Client(app, { accessToken, user: { id: '' } });
  };
  const list = async (login: SignedIn, query = ''): Promise<SessionBody[]> =>
    (await as(login).get(`/auth/sessions${query}`).expect(200)).body.data as SessionBody[];
  const expectProblem = (answer: Response, status: number, code: string): void => {
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  };

  describe('are listed', () => {
    it('to their person, newest first, and say which of them is asking', async () => {
      const first = await signIn(app);
      await signIn(app);
      const second = await logInAgain(first, 'apikeys:read', 'Firefox');
      expect((await list(first)).map(({ id, current }) => [id, current])).toEqual([
        [sessionOf(second), false],
        [sessionOf(first), true],
      ]);
      const now = clock.now();
      expect((await list(second))[0]).toEqual({
        id: sessionOf(second),
        current: true,
        scope: 'apikeys:read',
        createdAt: now.toISOString(),
        lastUsedAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + 30 * DAY).toISOString(),
        address: '127.0.0.1',
        userAgent: 'Firefox',
      });
    });

    it('with their last use, of which nothing is kept once there was a later one', async () => {
      const login = await signIn(app);
      const createdAt = clock.now().toISOString();
      clock.advance(DAY);
      const answer = await refresh(login.refreshToken, 'another').expect(200);
      const [session, ...others] = await list(answer.body as SignedIn);
      expect(others).toEqual([]);
      expect(session).toMatchObject({
        createdAt,
        lastUsedAt: clock.now().toISOString(),
        userAgent: 'another',
      });
      const rows = await app.query(
        'SELECT address, user_agent FROM refresh_tokens WHERE family_id = $1 ORDER BY created_at',
        [sessionOf(login)],
      );
      expect(rows).toEqual([
        { address: null, user_agent: null },
        { address: '127.0.0.1', user_agent: 'another' },
      ]);
    });

    it('a page at a time', async () => {
      const login = await signIn(app);
      const ids = [sessionOf(login)];
      for (let i = 0; i < 3; i += 1) ids.unshift(sessionOf(await logInAgain(login)));
      const first = await as(login).get('/auth/sessions?limit=3').expect(200);
      const cursor = first.body.nextCursor as string;
      const second = await as(login).get(`/auth/sessions?limit=3&cursor=${cursor}`).expect(200);
      const found = [...first.body.data, ...second.body.data] as SessionBody[];
      expect(found.map(({ id }) => id)).toEqual(ids);
      expect(second.body.nextCursor).toBeNull();
      const stranger = await signIn(app);
      expectProblem(await as(stranger).get(`/auth/sessions?cursor=${cursor}`), 400, 'invalid_cursor');
    });

    it('without those that have run out', async () => {
      const login = await signIn(app);
      clock.advance(20 * DAY);
      const later = await logInAgain(login);
      expect(await list(later)).toHaveLength(2);
      clock.advance(15 * DAY);
      const { body } = await refresh(later.refreshToken).expect(200);
      expect((await list(body as SignedIn)).map(({ id }) => id)).toEqual([sessionOf(later)]);
    });

    it.each([
      ['longer than any is', 'x'.repeat(5000), /^x{200}$/],
      ['not made of plain letters', 'a\u00e9\u0080\tb', /^a\?+b$/],
      ['with a key in it', `curl upblit_live_${'a'.repeat(36)}`, /^curl \[redacted\]$/],
    ])('with a bounded, harmless name of the client, also of one that is %s', async (_, name, shown) => {
      const login = await signIn(app);
      const [session] = await list(await logInAgain(login, undefined, name));
      expect(session!.userAgent).toMatch(shown);
    });

    it('to nobody else: people of another issuer have none', async () => {
      await signIn(app);
      const client = foreigner({});
      expect((await client.get('/auth/sessions').expect(200)).body).toEqual({ data: [], nextCursor: null });
    });
  });

  describe('are ended', () => {
    it('one at a time, and once: their refresh token is refused, and other sessions go on', async () => {
      const login = await signIn(app);
      const other = await logInAgain(login);
      const path = `/auth/sessions/${sessionOf(other)}`;
      const events = await log.during(() => as(login).delete(path).expect(204));
      expect(events).toMatchObject([
        {
          name: 'SessionEnded',
          applicationId: null,
          target: { kind: 'session', id: sessionOf(other) },
          before: { userId: login.user.id },
          actor: { issuer: 'local', subject: login.user.id },
        },
      ]);
      expectProblem(await refresh(other.refreshToken), 401, 'invalid_refresh_token');
      expectProblem(await as(other).get('/auth/me'), 401, 'invalid_token');
      expectProblem(await as(login).delete(path), 404, 'session_not_found');
      expect(await list(login)).toHaveLength(1);
    });

    it('by themselves', async () => {
      const login = await signIn(app);
      await as(login)
        .delete(`/auth/sessions/${sessionOf(login)}`)
        .expect(204);
      expectProblem(await as(login).get('/auth/sessions'), 401, 'invalid_token');
    });

    it('all but the one that asks', async () => {
      const login = await signIn(app);
      const others = [await logInAgain(login), await logInAgain(login), await logInAgain(login)];
      const stranger = await signIn(app);
      const events = await log.during(() => as(others[0]!).delete('/auth/sessions').expect(204));
      expect(events.map(({ name, target }) => [name, target.id]).sort()).toEqual(
        [login, others[1]!, others[2]!].map((one) => ['SessionEnded', sessionOf(one)]).sort(),
      );
      expect((await list(others[0]!)).map(({ id }) => id)).toEqual([sessionOf(others[0]!)]);
      for (const ended of [login, others[1]!, others[2]!]) {
        expectProblem(await refresh(ended.refreshToken), 401, 'invalid_refresh_token');
        expectProblem(await as(ended).get('/auth/me'), 401, 'invalid_token');
      }
      expect(await list(stranger)).toHaveLength(1);
      expect(await log.during(() => as(others[0]!).delete('/auth/sessions').expect(204))).toEqual([]);
    });

    it('at once by any number of calls, each of which leaves its own', async () => {
      const login = await signIn(app);
      const logins = await Promise.all(Array.from({ length: 4 }, () => logInAgain(login)));
      const answers = await Promise.all(logins.map((one) => as(one).delete('/auth/sessions')));
      for (const { status } of answers) expect([204, 401]).toContain(status);
      expect(answers.map(({ status }) => status)).toContain(204);
    });

    it('by nobody else, to whom it looks as if there were none', async () => {
      const [victim, thief] = [await signIn(app), await signIn(app)];
      const path = `/auth/sessions/${sessionOf(victim)}`;
      for (const client of [as(thief), foreigner({ sub: victim.user.id })]) {
        expectProblem(await client.delete(path), 404, 'session_not_found');
        await client.delete('/auth/sessions').expect(204);
      }
      expect((await list(victim)).map(({ id }) => id)).toEqual([sessionOf(victim)]);
      await refresh(victim.refreshToken).expect(200);
    });

    it('the oldest by a login beyond a hundred, however many begin at once', async () => {
      const [oldest, stranger] = [await signIn(app), await signIn(app)];
      const second = await logInAgain(oldest);
      const started = (id: string, count: number): Promise<unknown> =>
        app.query(
          `WITH family AS (
             INSERT INTO refresh_token_families (id, user_id, scopes, created_at, expires_at)
             SELECT uuidv7(), user_id, scopes, created_at, expires_at
               FROM refresh_token_families, generate_series(1, $2) WHERE id = $1 RETURNING id, created_at
           )
           INSERT INTO refresh_tokens (hash, family_id, created_at)
           SELECT sha256(id::text::bytea), id, created_at FROM family`,
          [id, count],
        );
      await started(sessionOf(oldest), 97);
      await started(sessionOf(stranger), 10);
      // The hundredth ends none.
      expect((await log.during(() => logInAgain(oldest))).map(({ name }) => name)).toEqual(['SignedIn']);
      const events = await log.during(() => Promise.all([logInAgain(oldest), logInAgain(oldest)]));
      const ended = events.filter(({ name }) => name === 'SessionEnded');
      expect(ended.map(({ target }) => target.id)).toEqual([sessionOf(oldest), sessionOf(second)]);
      expect(ended[0]).toMatchObject({
        before: { userId: oldest.user.id },
        actor: { subject: oldest.user.id },
      });
      for (const one of [oldest, second]) {
        expectProblem(await refresh(one.refreshToken), 401, 'invalid_refresh_token');
        expectProblem(await as(one).get('/auth/me'), 401, 'invalid_token');
      }
      expect(await list(stranger)).toHaveLength(11);
      const last = await logInAgain(oldest);
      const { body } = await as(last).get('/auth/sessions?limit=100').expect(200);
      expect([body.data.length, body.nextCursor]).toEqual([100, null]);
    });

    it('some of them by each login where an older version has let somebody have far too many', async () => {
      const login = await signIn(app);
      await app.query(
        `INSERT INTO refresh_token_families (id, user_id, scopes, created_at, expires_at)
         SELECT uuidv7(), user_id, scopes, created_at, expires_at
           FROM refresh_token_families, generate_series(1, 1500) WHERE id = $1`,
        [sessionOf(login)],
      );
      const left = async (): Promise<unknown> =>
        app.query('SELECT count(*)::int AS count FROM refresh_token_families WHERE user_id = $1', [
          login.user.id,
        ]);
      await logInAgain(login);
      expect(await left()).toEqual([{ count: 502 }]);
      await logInAgain(login);
      expect(await left()).toEqual([{ count: 100 }]);
    });

    it('under no name that is none', async () => {
      const login = await signIn(app);
      expectProblem(await as(login).delete(`/auth/sessions/${UNKNOWN_ID}`), 404, 'session_not_found');
      expectProblem(await as(login).delete('/auth/sessions/mine'), 400, 'validation_failed');
      expectProblem(await as(login).delete('/auth/sessions?all=true'), 400, 'validation_failed');
    });
  });

  it.each([
    ['get', '/auth/sessions'],
    ['delete', '/auth/sessions'],
    ['delete', `/auth/sessions/${UNKNOWN_ID}`],
  ] as const)('are for people with an access token, of whatever scope: %s %s', async (method, path) => {
    expectProblem(await request(app.http)[method](path), 401, 'unauthenticated');
    const owner = await Client.signedIn(app);
    const application = await owner.createApplication();
    const { key } = await owner.issueServiceKey(application, { name: 'ci', scopes: ['apikeys:read'] });
    const machine = new Client(app, { accessToken: key, user: { id: '' } });
    expectProblem(await machine[method](path), 401, 'invalid_token');
    const limited = await Client.signedIn(app, { scope: 'audit:read' });
    expect([200, 204, 404]).toContain((await limited[method](path)).status);
  });
});
