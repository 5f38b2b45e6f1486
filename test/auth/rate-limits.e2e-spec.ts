import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { FakeClock } from '../support/fake-clock.js';
import { PASSWORD, signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

describe('Too many attempts', () => {
  let app: TestApp;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    app = await TestApp.start({
      clock,
      env: {
        AUTH_RATE_LIMIT_WINDOW_SECONDS: '60',
        AUTH_RATE_LIMIT_PER_ADDRESS: '8',
        AUTH_RATE_LIMIT_PER_ACCOUNT: '3',
        AUTH_RATE_LIMIT_REFRESH_PER_ACCOUNT: '2',
      },
    });
  });
  afterEach(() => app.stop());

  const login = (email: string, password: string): request.Test =>
    request(app.http).post('/auth/login').send({ email, password });
  const register = (email: string, password = PASSWORD): request.Test =>
    request(app.http).post('/auth/register').send({ email, password });
  const refresh = (refreshToken: string): request.Test =>
    request(app.http).post('/auth/refresh').send({ refreshToken });

  function expectLimited(answer: request.Response, policy: string, quota: number): void {
    expect([answer.status, answer.body.code]).toEqual([429, 'too_many_requests']);
    expect(answer.headers['retry-after']).toBe('60');
    expect(answer.headers['ratelimit-policy']).toBe(`"${policy}";q=${quota};w=60`);
    expect(answer.headers.ratelimit).toBe(`"${policy}";r=0;t=60`);
  }

  it('to log in to one account are refused, in whatever case it is written', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect((await login('ann@example.org', `guess ${attempt}`)).status).toBe(401);
    }
    expectLimited(await login('Ann@Example.org', 'another guess'), 'account', 3);
    expect((await login('bob@example.org', 'guess')).status).toBe(401);
  });

  it('that come at once are all counted, whatever becomes of them', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, attempt) => login('ann@example.org', `guess ${attempt}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([401, 401, 401, 429, 429, 429, 429, 429]);
  });

  it.each(['login', 'register', 'refresh', 'logout'])(
    'of one address to %s are counted before their bodies are looked at',
    async (call) => {
      for (let attempt = 0; attempt < 8; attempt += 1) {
        expect((await request(app.http).post(`/auth/${call}`).send({ unknown: attempt })).status).toBe(400);
      }
      expectLimited(await request(app.http).post(`/auth/${call}`).send({ unknown: 8 }), 'address', 8);
    },
  );

  it('are over when the window is, however much was tried meanwhile', async () => {
    for (let attempt = 0; attempt < 4; attempt += 1) await login('ann@example.org', 'guess');
    clock.advance(59_000);
    expect((await login('ann@example.org', 'guess')).status).toBe(429);
    clock.advance(1000);
    expect((await login('ann@example.org', 'guess')).status).toBe(401);
  });

  it('do not count logins that succeed', async () => {
    const { user } = await signIn(app);
    for (let attempt = 0; attempt < 6; attempt += 1) {
      expect((await login(user.email, PASSWORD)).status).toBe(200);
    }
  });

  it('from one address are refused, whichever accounts they are for', async () => {
    for (let attempt = 0; attempt < 8; attempt += 1) {
      expect((await login(`nobody${attempt}@example.org`, 'guess')).status).toBe(401);
    }
    expectLimited(await login('somebody@example.org', 'guess'), 'address', 8);
    // Each call has a budget of its own.
    expect((await register('somebody@example.org')).status).toBe(201);
  });

  it('to register are refused as well', async () => {
    await register('ann@example.org');
    await register('ann@example.org');
    await register('ann@example.org', 'password1');
    expectLimited(await register('ann@example.org'), 'account', 3);
    // Nobody is kept from logging in by that.
    expect((await login('ann@example.org', PASSWORD)).status).toBe(200);
  });

  it('to refresh one account are refused without spending the token', async () => {
    let { refreshToken } = await signIn(app);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      ({ refreshToken } = (await refresh(refreshToken).expect(200)).body as { refreshToken: string });
    }
    expectLimited(await refresh(refreshToken), 'account', 2);
    clock.advance(60_000);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('to log out are refused, also those of pages of the service', async () => {
    const { refreshToken } = await signIn(app);
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await request(app.http).post('/auth/logout').send({ refreshToken: 'x' }).expect(204);
    }
    expectLimited(await request(app.http).post('/auth/logout').send({ refreshToken }), 'address', 8);
    const inBrowser = request(app.http).post('/auth/browser/logout').set('sec-fetch-site', 'same-origin');
    expectLimited(await inBrowser, 'address', 8);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('to refresh with made-up tokens are refused by address', async () => {
    for (let attempt = 0; attempt < 8; attempt += 1) expect((await refresh('x')).status).toBe(401);
    expectLimited(await refresh('x'), 'address', 8);
  });
});
