import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { AccountAdministration } from '../../src/modules/auth/index.js';
import { systemActor } from '../../src/shared/actor.js';
import { EventLog } from '../support/event-log.js';
import { FakeClock } from '../support/fake-clock.js';
import { PASSWORD, signIn, type SignedIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const OPERATOR = systemActor('operator');
const NEW_PASSWORD = 'a longer walk in the mountains';
const HOUR = 3600_000;

const clock = new FakeClock();
let app: TestApp;
let log: EventLog;
let person: SignedIn;
beforeAll(async () => {
  app = await TestApp.start({ clock });
  log = await EventLog.of(app);
});
beforeEach(async () => {
  person = await signIn(app);
});
afterAll(() => app.stop());

const post = (path: string, body: object, token?: string): request.Test => {
  const call = request(app.http).post(path).send(body);
  return token === undefined ? call : call.auth(token, { type: 'bearer' });
};
const login = (password: string, email = person.user.email): request.Test =>
  post('/auth/login', { email, password });
const refresh = (refreshToken: string): request.Test => post('/auth/refresh', { refreshToken });
const me = (token: string): request.Test => request(app.http).get('/auth/me').auth(token, { type: 'bearer' });
const anotherLogin = async (): Promise<SignedIn> => (await login(PASSWORD).expect(200)).body as SignedIn;

describe('POST /auth/password', () => {
  const change = (body: object = {}, token = person.accessToken): request.Test =>
    post('/auth/password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD, ...body }, token);

  it('changes the password', async () => {
    const answer = await change();
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await login(PASSWORD)).status).toBe(401);
    expect((await login(NEW_PASSWORD)).status).toBe(200);
  });

  it("ends the person's other sessions and goes on with this one, and nobody else's ends", async () => {
    const other = await anotherLogin();
    const bystander = await signIn(app);
    await change().expect(204);
    expect((await me(other.accessToken)).status).toBe(401);
    expect((await refresh(other.refreshToken)).status).toBe(401);
    expect((await me(person.accessToken)).status).toBe(200);
    expect((await refresh(person.refreshToken)).status).toBe(200);
    expect((await refresh(bystander.refreshToken)).status).toBe(200);
  });

  it('is refused with another password than the one there is, and changes nothing', async () => {
    const other = await anotherLogin();
    for (const currentPassword of [`${PASSWORD}?`, '', NEW_PASSWORD]) {
      const answer = await change({ currentPassword });
      expect([answer.status, answer.body.code]).toEqual([403, 'wrong_password']);
      expect(answer.body.errors).toEqual([expect.objectContaining({ field: 'currentPassword' })]);
    }
    expect((await refresh(other.refreshToken)).status).toBe(200);
    expect((await login(PASSWORD)).status).toBe(200);
  });

  it.each([
    ['a weak one', 'password1', 'weak_password'],
    ['one of 7 characters', 'viölet7', 'validation_failed'],
    ['one of 257 characters', 'violet '.repeat(40).slice(0, 257), 'validation_failed'],
    ['one of lone surrogates', '\ud800'.repeat(12), 'validation_failed'],
    ['none', undefined, 'validation_failed'],
  ])('refuses %s as the new one', async (_, newPassword, code) => {
    const answer = await change({ newPassword });
    expect([answer.status, answer.body.code]).toEqual([400, code]);
    expect(answer.body.errors).toEqual([expect.objectContaining({ field: 'newPassword' })]);
    expect((await login(PASSWORD)).status).toBe(200);
  });

  it('refuses a new one that is made of the email', async () => {
    const answer = await change({ newPassword: person.user.email.split('@')[0] });
    expect(answer.body.code).toBe('weak_password');
  });

  it('is not done with the access token of a session that has ended', async () => {
    await post('/auth/logout', { refreshToken: person.refreshToken }).expect(204);
    const answer = await change();
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
    expect((await login(PASSWORD)).status).toBe(200);
  });

  it('of two who change it at once from two sessions, one succeeds, and its session is the one that goes on', async () => {
    for (let round = 0; round < 4; round += 1) {
      person = await signIn(app);
      const sessions = [person, await anotherLogin()];
      const passwords = [`${NEW_PASSWORD} one`, `${NEW_PASSWORD} two`];
      const answers = await Promise.all(
        sessions.map(({ accessToken }, i) => change({ newPassword: passwords[i] }, accessToken)),
      );
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      for (const [i, { status }] of answers.entries()) {
        expect((await login(passwords[i]!)).status).toBe(status === 204 ? 200 : 401);
        expect((await refresh(sessions[i]!.refreshToken)).status).toBe(status === 204 ? 200 : 401);
      }
    }
  });

  it('leaves no session that a login with the old password has started meanwhile', async () => {
    for (let round = 0; round < 6; round += 1) {
      person = await signIn(app);
      const [answer, ...logins] = await Promise.all([change(), login(PASSWORD), login(PASSWORD)]);
      expect(answer.status).toBe(204);
      for (const { status, body } of logins) {
        if (status === 200) expect((await refresh(body.refreshToken as string)).status).toBe(401);
        else expect(status).toBe(401);
      }
    }
  });

  it('needs a person of this service', async () => {
    expect((await request(app.http).post('/auth/password').send({})).body.code).toBe('unauthenticated');
  });

  it('is written down, and no password with it', async () => {
    const other = await anotherLogin();
    const events = await log.during(() => change().expect(204));
    expect(events.map(({ name }) => name)).toEqual(['PasswordChanged', 'SessionEnded']);
    for (const { actor, applicationId } of events) {
      expect(actor).toMatchObject({ issuer: 'local', subject: person.user.id, address: '127.0.0.1' });
      expect(applicationId).toBeNull();
    }
    expect(JSON.stringify(events)).not.toMatch(/walk|\$2b\$|upblit_/);
    expect((await refresh(other.refreshToken)).status).toBe(401);
  });
});

describe('POST /auth/password/reset', () => {
  const reset = (token: string, password: string = NEW_PASSWORD): request.Test =>
    post('/auth/password/reset', { token, password });
  const issue = async (): Promise<string> =>
    (await app.nest.get(AccountAdministration).issueReset(OPERATOR, person.user.email)).reveal();

  async function expectRefused(token: string): Promise<void> {
    const answer = await reset(token);
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_one_time_token']);
    expect(answer.text).not.toContain('upblit_ot_');
  }

  it('sets a new password, and ends all sessions', async () => {
    const token = await issue();
    expect((await refresh((await anotherLogin()).refreshToken)).status).toBe(200);
    expect((await reset(token)).status).toBe(204);
    expect((await login(PASSWORD)).status).toBe(401);
    expect((await me(person.accessToken)).status).toBe(401);
    expect((await refresh(person.refreshToken)).status).toBe(401);
    expect((await login(NEW_PASSWORD)).status).toBe(200);
  });

  it('takes a token once, and no other of the same person after it', async () => {
    const [token, another] = [await issue(), await issue()];
    await reset(token).expect(204);
    await expectRefused(token);
    await expectRefused(another);
    expect((await login(NEW_PASSWORD)).status).toBe(200);
  });

  it('takes a token once of many who send it at once', async () => {
    const token = await issue();
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) => reset(token, `${NEW_PASSWORD} ${i}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 401, 401, 401, 401]);
  });

  it('takes a token for a day', async () => {
    const token = await issue();
    clock.advance(24 * HOUR);
    await expectRefused(token);
    const fresh = await issue();
    clock.advance(24 * HOUR - 1);
    expect((await reset(fresh)).status).toBe(204);
  });

  it('takes no token after the password was changed', async () => {
    const { accessToken } = (await login(PASSWORD)).body as SignedIn;
    const token = await issue();
    await post(
      '/auth/password',
      { currentPassword: PASSWORD, newPassword: `${NEW_PASSWORD}!` },
      accessToken,
    ).expect(204);
    await expectRefused(token);
  });

  it('leaves the token good when the password is refused', async () => {
    const token = await issue();
    for (const password of ['password1', 'short', '\ud800'.repeat(12)]) {
      expect((await reset(token, password)).status).toBe(400);
    }
    expect((await reset(token)).status).toBe(204);
  });

  it.each([
    ['unknown', `upblit_ot_${randomBytes(32).toString('base64url')}`],
    ['malformed', 'upblit_ot_x'],
    ['empty', ''],
  ])('refuses a token that is %s', async (_, token) => {
    await expectRefused(token);
  });

  it('refuses an invitation', async () => {
    const invitation = await app.nest.get(AccountAdministration).invite(OPERATOR, `x${person.user.email}`);
    await expectRefused(invitation.reveal());
  });

  it('is written down in the name of the person, after the operator has issued the token', async () => {
    const events = await log.during(async () => {
      await reset(await issue()).expect(204);
    });
    expect(events.map(({ name, actor }) => [name, actor.subject])).toEqual([
      ['PasswordResetIssued', 'operator'],
      ['PasswordReset', person.user.id],
      ['SessionEnded', person.user.id],
    ]);
    expect(JSON.stringify(events)).not.toMatch(/walk|\$2b\$|upblit_/);
  });
});

describe('An account that is disabled', () => {
  const accounts = (): AccountAdministration => app.nest.get(AccountAdministration);
  const disable = (): Promise<void> => accounts().disable(OPERATOR, person.user.email);

  it('is logged in to by nobody, and only who knows the password learns why', async () => {
    await disable();
    const answer = await login(PASSWORD);
    expect([answer.status, answer.body.code]).toEqual([403, 'account_disabled']);
    expect((await login(`${PASSWORD}?`)).body.code).toBe('invalid_credentials');
  });

  it('has no session left, and no token that sets another password', async () => {
    const token = await accounts().issueReset(OPERATOR, person.user.email);
    await disable();
    expect((await me(person.accessToken)).status).toBe(401);
    expect((await refresh(person.refreshToken)).status).toBe(401);
    const reset = await post('/auth/password/reset', { token: token.reveal(), password: NEW_PASSWORD });
    expect(reset.body.code).toBe('invalid_one_time_token');
  });

  it('has no session that a login has started meanwhile', async () => {
    for (let round = 0; round < 6; round += 1) {
      person = await signIn(app);
      const [, ...logins] = await Promise.all([disable(), login(PASSWORD), login(PASSWORD)]);
      for (const { status, body } of logins) {
        if (status === 200) expect((await refresh(body.refreshToken as string)).status).toBe(401);
        else expect(status).toBe(403);
      }
    }
  });

  it('is as it was when it is enabled again, and both are written down once', async () => {
    const events = await log.during(async () => {
      await disable();
      await disable();
      await accounts().enable(OPERATOR, person.user.email.toUpperCase());
      await accounts().enable(OPERATOR, person.user.email);
    });
    expect((await login(PASSWORD)).status).toBe(200);
    expect(events.map(({ name }) => name)).toEqual(['UserDisabled', 'SessionEnded', 'UserEnabled']);
    for (const { actor } of events) expect(actor).toMatchObject({ issuer: 'system', subject: 'operator' });
  });

  it('must be there', async () => {
    for (const work of ['issueReset', 'disable', 'enable'] as const) {
      await expect(accounts()[work](OPERATOR, 'nobody@example.org')).rejects.toMatchObject({
        code: 'user_not_found',
      });
    }
  });
});
