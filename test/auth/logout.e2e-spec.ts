import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { PASSWORD, signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

describe('POST /auth/logout', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const post = (path: string, refreshToken: unknown): request.Test =>
    request(app.http).post(`/auth/${path}`).send({ refreshToken });

  it('ends the login, again and again, with the refresh token for its only credential', async () => {
    const { refreshToken } = await signIn(app);
    for (let round = 0; round < 2; round += 1) {
      const answer = await post('logout', refreshToken);
      expect([answer.status, answer.text]).toEqual([204, '']);
    }
    expect((await post('refresh', refreshToken)).status).toBe(401);
  });

  it('ends it by a spent token of the same login as well', async () => {
    const { refreshToken } = await signIn(app);
    const next = await post('refresh', refreshToken);
    expect((await post('logout', refreshToken)).status).toBe(204);
    expect((await post('refresh', next.body.refreshToken)).status).toBe(401);
  });

  it("leaves the person's other logins alone", async () => {
    const { refreshToken, user } = await signIn(app);
    const other = await request(app.http).post('/auth/login').send({ email: user.email, password: PASSWORD });
    await post('logout', refreshToken);
    expect((await post('refresh', other.body.refreshToken)).status).toBe(200);
  });

  it.each([`upblit_rt_${randomBytes(32).toString('base64url')}`, 'not a token', ''])(
    'answers the same for a token nobody has: %j',
    async (token) => {
      expect((await post('logout', token)).status).toBe(204);
    },
  );

  it('refuses a body without a token', async () => {
    const answer = await request(app.http).post('/auth/logout').send({});
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
  });
});
