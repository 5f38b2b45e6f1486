import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { PASSWORD } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const newEmail = (): string => `${randomUUID()}@example.org`;

describe('POST /auth/register', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const register = (body: object): request.Test => request(app.http).post('/auth/register').send(body);

  it('creates an account and signs in', async () => {
    const email = newEmail();
    const answer = await register({ email, password: PASSWORD, name: 'Ann' });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.stringMatching(/^upblit_rt_[A-Za-z0-9_-]{43}$/),
      tokenType: 'Bearer',
      expiresIn: 900,
      scope: 'applications:read applications:write apikeys:read apikeys:write audit:read',
      user: { id: expect.any(String), email, name: 'Ann' },
    });
  });

  it('answers an access token of the JWT profile, with what the contract names and nothing personal', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { body } = await register({ email: newEmail(), password: PASSWORD });
    expect(decodeProtectedHeader(body.accessToken)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    const claims = decodeJwt(body.accessToken);
    expect(claims).toEqual({
      iss: app.env.JWT_ISSUER,
      aud: 'upblit',
      sub: body.user.id,
      iat: expect.any(Number),
      exp: claims.iat! + 900,
      jti: expect.any(String),
      sid: expect.any(String),
      scope: body.scope,
    });
    expect(claims.iat).toBeGreaterThanOrEqual(before);
  });

  it('needs no name, and takes white space off the ends of what it gets', async () => {
    const email = newEmail();
    const answer = await register({ email: `  ${email} `, password: PASSWORD });
    expect(answer.body.user).toEqual({ id: expect.any(String), email, name: null });
  });

  it('keeps the email as it was given, but takes it once only, whatever its case', async () => {
    const email = `Ann.${newEmail()}`;
    const first = await register({ email, password: PASSWORD });
    expect(first.body.user.email).toBe(email);
    for (const again of [email, email.toLowerCase(), email.toUpperCase()]) {
      const answer = await register({ email: again, password: PASSWORD });
      expect([answer.status, answer.body.code]).toEqual([409, 'email_taken']);
    }
  });

  it('gives an email to exactly one of many who register it at once', async () => {
    const email = newEmail();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        register({ email: index % 2 === 0 ? email : email.toUpperCase(), password: PASSWORD }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)]);
  });

  it('takes a password of 8 to 256 characters of any script, and nothing of it is cut off', async () => {
    for (const character of ['k8#fQz2p', 'ключ от моря', 'みどりのでんしゃ', '🙂🐙🌵🚲🎻🧀⛵🪁']) {
      for (const password of [character, [...(character + 'ü'.repeat(256))].slice(0, 256).join('')]) {
        const email = newEmail();
        expect((await register({ email, password })).status).toBe(201);
        const login = (given: string): request.Test =>
          request(app.http).post('/auth/login').send({ email, password: given });
        expect((await login(password)).status).toBe(200);
        expect((await login([...password].slice(0, -1).join(''))).status).toBe(401);
        expect((await login(`${password}x`)).status).toBe(401);
      }
    }
  });

  const badPasswords: [string, unknown][] = [
    ['of 7 characters', 'viölet7'],
    ['of 257 characters', 'violet '.repeat(40).slice(0, 257)],
    ['of 257 characters that take two units each', '🙂'.repeat(257)],
    ['with a NUL', 'violet\0violet'],
    ['with half a character', 'violet violet \ud800'],
    ['of nothing but halves of characters', '\ud800'.repeat(16)],
    ['that is no string', 12345678],
    ['that is missing', undefined],
  ];
  it.each(badPasswords)('refuses a password %s', async (_, password) => {
    const answer = await register({ email: newEmail(), password });
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.errors).toEqual([expect.objectContaining({ field: 'password' })]);
  });

  it.each([
    'password1',
    'PassWord123',
    'P@ssw0rd123',
    'qwertyuiop',
    '11111111',
    'zzzzzzzzzzzz',
    'iloveyou1',
    'Summer2026!',
    'password'.repeat(32),
  ])('refuses a password that is guessed first: %s', async (password) => {
    const answer = await register({ email: newEmail(), password });
    expect([answer.status, answer.body.code]).toEqual([400, 'weak_password']);
    expect(answer.body.errors).toEqual([expect.objectContaining({ field: 'password' })]);
  });

  it('refuses a password that is made of the name', async () => {
    const password = 'quetzalcoatl7';
    const named = await register({ email: newEmail(), password, name: 'Ann Quetzalcoatl' });
    expect([named.status, named.body.code]).toEqual([400, 'weak_password']);
  });

  it('refuses the email or the part before its @ as the password', async () => {
    const email = newEmail();
    for (const password of [email.split('@')[0]!, email.split('@')[0]!.toUpperCase()]) {
      const answer = await register({ email, password });
      expect([answer.status, answer.body.code]).toEqual([400, 'weak_password']);
    }
  });

  it('does not take the email of a registration that it refused', async () => {
    const email = newEmail();
    expect((await register({ email, password: 'password1' })).status).toBe(400);
    expect((await register({ email, password: PASSWORD })).status).toBe(201);
  });

  const badEmails: [string, unknown][] = [
    ['that is none', 'ann'],
    ['that is empty', ''],
    ['of 255 characters', `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(54)}.example`],
    ['of letters that look like others', 'аnn@example.org'],
    ['with a line break', 'ann@example.org\nx'],
    ['that is an object', { $ne: '' }],
    ['that is missing', undefined],
  ];
  it.each(badEmails)('refuses an email %s', async (_, email) => {
    const answer = await register({ email, password: PASSWORD });
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.errors.map(({ field }: { field: string }) => field)).toContain('email');
  });

  it.each([
    ['an empty name', { name: '  ' }],
    ['a name of 101 characters', { name: 'x'.repeat(101) }],
    ['a name with a control character', { name: 'Ann\u0007' }],
    ['a null name', { name: null }],
    ['a field that is not known', { admin: true }],
    ['a scope, which only a login asks for', { scope: 'audit:read' }],
  ])('refuses %s', async (_, field) => {
    const answer = await register({ email: newEmail(), password: PASSWORD, ...field });
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
    expect(answer.text).not.toContain(PASSWORD);
  });

  it('stores neither the password nor the refresh token', async () => {
    const password = `found nowhere ${randomUUID()}`;
    const { body } = await register({ email: newEmail(), password });
    const dump = await app.nest
      .get(DataSource)
      .query(
        `SELECT (SELECT json_agg(u) FROM users u)::text || (SELECT json_agg(t) FROM refresh_tokens t)::text AS rows`,
      );
    const rows = (dump[0] as { rows: string }).rows;
    expect(rows).not.toContain(password);
    for (const secret of [body.refreshToken, body.refreshToken.slice('upblit_rt_'.length)] as string[]) {
      expect(rows).not.toContain(secret);
      expect(rows).not.toContain(Buffer.from(secret).toString('hex'));
      expect(rows).not.toContain(Buffer.from(secret).toString('base64'));
    }
    expect(rows).toContain('$2b$04$');
  });
});
