import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { PASSWORD, signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

describe('POST /auth/login', () => {
  let app: TestApp;
  let email: string;
  beforeAll(async () => {
    app = await TestApp.start();
    ({ email } = (await signIn(app)).user);
  });
  afterAll(() => app.stop());

  const login = (body: object, node = app): request.Test => request(node.http).post('/auth/login').send(body);

  it('answers tokens for the right password, whatever the case of the email', async () => {
    for (const spelling of [email, email.toUpperCase(), ` ${email} `]) {
      const answer = await login({ email: spelling, password: PASSWORD });
      expect(answer.status).toBe(200);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 900, user: { email } });
    }
  });

  it('answers tokens that are good for no more than the scope it was asked for', async () => {
    const answer = await login({ email, password: PASSWORD, scope: 'audit:read apikeys:read apikeys:read' });
    expect(answer.body.scope).toBe('apikeys:read audit:read');
    const get = (path: string): request.Test =>
      request(app.http).get(path).auth(answer.body.accessToken, { type: 'bearer' });
    expect((await get('/auth/me')).body.scope).toBe('apikeys:read audit:read');
    expect((await get('/applications')).status).toBe(403);
  });

  it.each([
    'apikeys:read unknown',
    'APIKEYS:READ',
    '',
    ' ',
    'apikeys:read  audit:read',
    'apikeys:read,audit:read',
  ])('refuses a scope that does not exist: %j', async (scope) => {
    const answer = await login({ email, password: PASSWORD, scope });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_scope']);
  });

  it('gives one answer for a wrong password and for an email nobody has', async () => {
    const wrong = await login({ email, password: 'not the password' });
    const unknown = await login({ email: 'nobody@example.org', password: 'not the password' });
    for (const answer of [wrong, unknown]) {
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBeUndefined();
    }
    const { requestId: _wrongId, ...wrongBody } = wrong.body;
    const { requestId: _unknownId, ...unknownBody } = unknown.body;
    expect(unknownBody).toEqual(wrongBody);
    expect(wrongBody.code).toBe('invalid_credentials');
  });

  it.each([
    ['in another case', PASSWORD.toUpperCase()],
    ['with more behind it', `${PASSWORD} `],
    ['with a NUL and more behind it', `${PASSWORD}\0`],
    ['that is empty', ''],
  ])('refuses the password %s', async (_, password) => {
    const answer = await login({ email, password });
    expect([400, 401]).toContain(answer.status);
    expect(answer.body.accessToken).toBeUndefined();
  });

  it('takes a password as it was kept before there was a pepper, and renews how it is kept', async () => {
    const { user } = await signIn(app);
    const legacy = await bcrypt.hash(PASSWORD, 4);
    await app.query('UPDATE users SET password_hash = $2, password_pepper_version = NULL WHERE id = $1', [
      user.id,
      legacy,
    ]);
    const kept = async (): Promise<unknown> =>
      (
        await app.query('SELECT password_hash, password_pepper_version FROM users WHERE id = $1', [user.id])
      )[0];
    expect((await login({ email: user.email, password: `${PASSWORD}?` })).status).toBe(401);
    expect(await kept()).toEqual({ password_hash: legacy, password_pepper_version: null });
    expect((await login({ email: user.email, password: PASSWORD })).status).toBe(200);
    expect(await kept()).toEqual({ password_hash: expect.any(String), password_pepper_version: 1 });
    expect(await kept()).not.toMatchObject({ password_hash: legacy });
    expect((await login({ email: user.email, password: PASSWORD })).status).toBe(200);
  });

  it('takes many logins at once while how the password is kept is renewed', async () => {
    const { user } = await signIn(app);
    await app.query('UPDATE users SET password_hash = $2, password_pepper_version = NULL WHERE id = $1', [
      user.id,
      await bcrypt.hash(PASSWORD, 4),
    ]);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => login({ email: user.email, password: PASSWORD })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(6).fill(200));
  });

  it.each([
    ['no email', { password: PASSWORD }],
    ['no password', { email: 'ann@example.org' }],
    ['an email that is an object', { email: { $gt: '' }, password: PASSWORD }],
    ['a password that is a list', { email: 'ann@example.org', password: [PASSWORD] }],
    ['a scope that is a list', { email: 'ann@example.org', password: PASSWORD, scope: ['audit:read'] }],
    ['a field that is not known', { email: 'ann@example.org', password: PASSWORD, remember: true }],
  ])('refuses a body with %s', async (_, body) => {
    const answer = await login(body);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
  });

  it('works as long for an email nobody has as for a wrong password', async () => {
    const node = await TestApp.start({ database: app.database, env: { BCRYPT_COST: '10' } });
    try {
      const { user } = await signIn(node);
      const time = async (address: string): Promise<number> => {
        const start = performance.now();
        await login({ email: address, password: 'not the password' }, node).expect(401);
        return performance.now() - start;
      };
      const rounds: [number, number][] = [];
      for (let round = 0; round < 7; round += 1) {
        rounds.push([await time(user.email), await time('nobody@example.org')]);
      }
      const median = (index: 0 | 1): number => rounds.map((round) => round[index]).sort((a, b) => a - b)[3]!;
      // Without the work of a hash it would be a tenth.
      expect(median(1) / median(0)).toBeGreaterThan(0.4);
      expect(median(1) / median(0)).toBeLessThan(2.5);
    } finally {
      await node.stop();
    }
  });

  it('hashes the password again when the cost has changed, and goes on taking it', async () => {
    const { user } = await signIn(app);
    const stricter = await TestApp.start({ database: app.database, env: { BCRYPT_COST: '5' } });
    try {
      expect((await login({ email: user.email, password: PASSWORD }, stricter)).status).toBe(200);
      const [row] = await app.nest
        .get(DataSource)
        .query<{ password_hash: string }[]>('SELECT password_hash FROM users WHERE id = $1', [user.id]);
      expect(row?.password_hash).toMatch(/^\$2b\$05\$/);
      expect((await login({ email: user.email, password: PASSWORD }, stricter)).status).toBe(200);
    } finally {
      await stricter.stop();
    }
  });
});
