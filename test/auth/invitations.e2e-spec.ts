import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import request from 'supertest';
import { AccountAdministration } from '../../src/modules/auth/index.js';
import { ExpiredTokensPurge } from '../../src/modules/auth/infrastructure/expired-tokens.purge.js';
import { systemActor } from '../../src/shared/actor.js';
import { EventLog } from '../support/event-log.js';
import { FakeClock } from '../support/fake-clock.js';
import { PASSWORD, signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const OPERATOR = systemActor('operator');
const HOUR = 3600_000;

describe('With LOCAL_ACCOUNTS=invite', () => {
  const clock = new FakeClock();
  let app: TestApp;
  let email: string;
  beforeAll(async () => {
    app = await TestApp.start({ clock, env: { LOCAL_ACCOUNTS: 'invite', AUTH_RATE_LIMIT_PER_ACCOUNT: '3' } });
  });
  beforeEach(() => {
    email = `${randomUUID()}@example.org`;
  });
  afterAll(() => app.stop());

  const register = (body: object): request.Test =>
    request(app.http)
      .post('/auth/register')
      .send({ email, password: PASSWORD, ...body });
  const invite = async (invited = email): Promise<string> =>
    (await app.nest.get(AccountAdministration).invite(OPERATOR, invited)).reveal();

  async function expectRefused(invitation: string): Promise<void> {
    const answer = await register({ invitation });
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_one_time_token']);
    expect(answer.text).not.toContain('upblit_ot_');
  }

  it('nobody registers without an invitation', async () => {
    const answer = await register({});
    expect([answer.status, answer.body.code]).toEqual([403, 'invitation_required']);
    const login = await request(app.http).post('/auth/login').send({ email, password: PASSWORD });
    expect(login.status).toBe(401);
  });

  it('who is invited registers, in whatever case their email is written', async () => {
    const invitation = await invite(email);
    const answer = await register({ email: email.toUpperCase(), invitation });
    expect(answer.status).toBe(201);
    expect(answer.body.user.email).toBe(email.toUpperCase());
    const login = await request(app.http).post('/auth/login').send({ email, password: PASSWORD });
    expect(login.status).toBe(200);
  });

  it('nobody who was invited is kept out by others who try to register with their email', async () => {
    const invitation = await invite();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      expect((await register({})).status).toBe(403);
      await expectRefused(`${invitation.slice(0, -4)}AAAA`);
      // Nor by passwords of their own that are refused.
      expect((await register({ invitation, password: 'password1' })).body.code).toBe('weak_password');
    }
    expect((await register({ invitation })).status).toBe(201);
  });

  it('an invitation is good once', async () => {
    const invitation = await invite();
    expect((await register({ invitation })).status).toBe(201);
    await expectRefused(invitation);
  });

  it('of two who use one at once, one is let in', async () => {
    const invitation = await invite();
    const answers = await Promise.all(Array.from({ length: 6 }, () => register({ invitation })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { status, body } of answers) {
      if (status !== 201) expect(['email_taken', 'invalid_one_time_token']).toContain(body.code);
    }
  });

  it('an invitation is good for a day', async () => {
    const [early, late] = [await invite(), await invite(`x${email}`)];
    clock.advance(24 * HOUR - 1);
    expect((await register({ invitation: early })).status).toBe(201);
    clock.advance(1);
    email = `x${email}`;
    await expectRefused(late);
  });

  it('an invitation is good for no other email', async () => {
    const invitation = await invite(`x${email}`);
    await expectRefused(invitation);
    email = `x${email}`;
    expect((await register({ invitation })).status).toBe(201);
  });

  it('a new invitation takes the place of the one before', async () => {
    const [first, second] = [await invite(), await invite()];
    await expectRefused(first);
    expect((await register({ invitation: second })).status).toBe(201);
  });

  it('an invitation outlives a password that was refused', async () => {
    const invitation = await invite();
    expect((await register({ invitation, password: 'password1' })).body.code).toBe('weak_password');
    expect((await register({ invitation })).status).toBe(201);
  });

  it.each([
    ['unknown', `upblit_ot_${randomBytes(32).toString('base64url')}`],
    ['malformed', 'upblit_ot_x'],
    ['empty', ''],
    ['a refresh token', `upblit_rt_${randomBytes(32).toString('base64url')}`],
  ])('a token that is %s is none', async (_, invitation) => {
    await expectRefused(invitation);
  });

  it('a token for a new password is no invitation', async () => {
    const invitation = await invite();
    await register({ invitation }).expect(201);
    const reset = await app.nest.get(AccountAdministration).issueReset(OPERATOR, email);
    await expectRefused(reset.reveal());
  });

  it('who has an account is not invited', async () => {
    await register({ invitation: await invite() }).expect(201);
    await expect(invite(email.toUpperCase())).rejects.toMatchObject({ code: 'email_taken' });
  });

  it('the text of an invitation is kept nowhere', async () => {
    const invitation = await invite();
    const [row] = (await app.query(
      `SELECT to_jsonb(t)::text AS text FROM one_time_tokens t WHERE email = $1`,
      [email],
    )) as [{ text: string }];
    const random = invitation.slice('upblit_ot_'.length);
    for (const text of [random, Buffer.from(invitation).toString('hex')]) {
      expect(row.text).not.toContain(text);
    }
  });

  it('invitations that nobody has used are deleted when they are over, and no others', async () => {
    await invite();
    clock.advance(12 * HOUR);
    await invite(`x${email}`);
    clock.advance(12 * HOUR);
    await app.nest.get(ExpiredTokensPurge).run();
    const rows = await app.query('SELECT email FROM one_time_tokens WHERE email = ANY ($1)', [
      [email, `x${email}`],
    ]);
    expect(rows).toEqual([{ email: `x${email}` }]);
  });

  it('events tell who was invited by the operator, and who came', async () => {
    const log = await EventLog.of(app);
    const events = await log.during(async () => {
      await register({ invitation: await invite() }).expect(201);
    });
    expect(events.map(({ name }) => name)).toEqual([
      'InvitationIssued',
      'UserRegistered',
      'InvitationAccepted',
      'SignedIn',
    ]);
    const [issued, registered, accepted] = events;
    expect(issued).toMatchObject({
      applicationId: null,
      target: { kind: 'invitation' },
      after: { email },
      actor: { issuer: 'system', subject: 'operator' },
    });
    expect(accepted).toMatchObject({
      target: issued!.target,
      after: { userId: registered!.target.id },
      actor: { issuer: 'local', subject: registered!.target.id },
    });
    expect(JSON.stringify(events)).not.toContain('upblit_ot_');
  });
});

describe('With LOCAL_ACCOUNTS=open', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it('an invitation is used up by who registers with it, and a bad one is refused', async () => {
    const email = `${randomUUID()}@example.org`;
    const invitation = await app.nest.get(AccountAdministration).invite(OPERATOR, email);
    const register = (token: string): request.Test =>
      request(app.http).post('/auth/register').send({ email, password: PASSWORD, invitation: token });
    expect((await register(`${invitation.reveal()}x`)).body.code).toBe('invalid_one_time_token');
    expect((await register(invitation.reveal())).status).toBe(201);
    expect(await app.query('SELECT FROM one_time_tokens')).toEqual([]);
  });
});

describe('With LOCAL_ACCOUNTS=off', () => {
  let app: TestApp;
  let open: TestApp;
  beforeAll(async () => {
    open = await TestApp.start();
    app = await TestApp.start({ database: open.database, env: { LOCAL_ACCOUNTS: 'off' } });
  });
  afterAll(async () => {
    await app.stop();
    await open.stop();
  });

  const ROUTES = [
    'post /auth/register',
    'post /auth/login',
    'post /auth/refresh',
    'post /auth/logout',
    'post /auth/password',
    'post /auth/password/reset',
  ];

  it.each(ROUTES)('there is no %s, whatever is sent, and by no method', async (route) => {
    const [, path] = route.split(' ') as [string, string];
    for (const method of ['post', 'get', 'options', 'delete'] as const) {
      const answer = await request(app.http)[method](path).send({ email: 'x', password: PASSWORD });
      expect([method, answer.status]).toEqual([method, 404]);
    }
    expect((await request(app.http).post(path)).body.code).toBe('not_found');
  });

  it('the description has none of them, and the rest of what there is', async () => {
    const described = async (node: TestApp): Promise<string[]> => {
      const { body } = await request(node.http).get('/openapi.json').expect(200);
      return Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
        Object.keys(item).map((method) => `${method} ${path}`),
      );
    };
    const [all, left] = [await described(open), await described(app)];
    expect(all).toEqual(expect.arrayContaining(ROUTES));
    expect(all.filter((route) => !left.includes(route))).toEqual(expect.arrayContaining(ROUTES));
    const isOfProvider = (route: string): boolean => route.includes('/auth/browser/oidc/');
    expect(left.filter((route) => route.includes('/auth/') && !isOfProvider(route))).toEqual([
      'get /auth/me',
    ]);
  });

  it('a token of a login that was made before is not taken', async () => {
    const { accessToken } = await signIn(open);
    const answer = await request(app.http).get('/auth/me').auth(accessToken, { type: 'bearer' });
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
  });
});
