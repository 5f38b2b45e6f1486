import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import request, { type Response } from 'supertest';
import { PASSWORD, signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

/** What a browser sends from a page of the service itself. */
const FROM_OUR_PAGE = { 'sec-fetch-site': 'same-origin' };
const OVER_HTTPS = { host: 'keys.example.org' };

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

function post(call: string, headers: Record<string, string> = FROM_OUR_PAGE): request.Test {
  return request(app.http).post(`/auth/browser/${call}`).set(headers);
}

const someone = (): { email: string; password: string } => ({
  email: `${randomUUID()}@example.org`,
  password: PASSWORD,
});

/** The cookie that an answer sets, as a browser sends it back, and its attributes. */
function cookieOf(answer: Response): { pair: string; attributes: string[] } {
  const lines = answer.headers['set-cookie'] as unknown as string[];
  expect(lines).toHaveLength(1);
  const [pair, ...attributes] = lines[0]!.split('; ');
  return { pair: pair!, attributes };
}

async function register(headers = {}): Promise<{ answer: Response; cookie: string }> {
  const answer = await post('register', { ...FROM_OUR_PAGE, ...headers }).send(someone());
  expect(answer.status).toBe(201);
  return { answer, cookie: cookieOf(answer).pair };
}

describe('a login of a page of the service', () => {
  it('keeps the refresh token in a cookie that no script can read, and shows it nowhere else', async () => {
    const account = someone();
    const registered = await post('register').send(account);
    const loggedIn = await post('login').send(account);
    for (const [answer, status] of [
      [registered, 201],
      [loggedIn, 200],
    ] as const) {
      expect(answer.status).toBe(status);
      expect(answer.headers['cache-control']).toBe('no-store');
      const { pair, attributes } = cookieOf(answer);
      expect(pair).toMatch(/^upblit_session=upblit_rt_[\w-]+$/);
      expect(attributes).toEqual(['Path=/auth/browser', 'Max-Age=2592000', 'HttpOnly', 'SameSite=Strict']);
      expect(answer.text).not.toContain('upblit_rt_');
      const me = await request(app.http).get('/auth/me').auth(answer.body.accessToken, { type: 'bearer' });
      expect(me.body.email).toBe(account.email);
    }
  });

  it.each([
    ['keys.example.org', '__Host-upblit_session', true],
    ['localhost.example.org', '__Host-upblit_session', true],
    ['10.0.0.1:3000', '__Host-upblit_session', true],
    ['127.0.0.1:3000', 'upblit_session', false],
    ['localhost:3000', 'upblit_session', false],
    ['[::1]:3000', 'upblit_session', false],
  ])('sends the cookie over HTTPS alone, but for loopback: %s', async (host, name, isSecure) => {
    const answer = await post('register', { ...FROM_OUR_PAGE, host }).send(someone());
    const { pair, attributes } = cookieOf(answer);
    expect(pair.split('=')[0]).toBe(name);
    expect(attributes.includes('Secure')).toBe(isSecure);
    // What a browser asks of a cookie with the prefix, and refuses it without.
    expect(attributes).toContain(isSecure ? 'Path=/' : 'Path=/auth/browser');
    expect(attributes.filter((attribute) => attribute.startsWith('Domain'))).toEqual([]);
  });

  it.each([OVER_HTTPS, {}])(
    'takes none of two cookies of the name, of which one was planted: %j',
    async (host) => {
      const { cookie } = await register(host);
      const { cookie: planted } = await register(host);
      const headers = { ...FROM_OUR_PAGE, ...host };
      for (const both of [`${planted}; ${cookie}`, `${cookie}; ${planted}`, `${cookie};${cookie}`]) {
        const answer = await post('refresh', { ...headers, cookie: both });
        expect([answer.status, answer.body.code]).toEqual([401, 'invalid_refresh_token']);
        expect((await post('logout', { ...headers, cookie: both })).status).toBe(204);
      }
      for (const alone of [cookie, planted]) {
        expect((await post('refresh', { ...headers, cookie: alone })).status).toBe(200);
      }
    },
  );

  it('takes no cookie that another host of the domain could have set', async () => {
    const { refreshToken } = await signIn(app);
    for (const name of ['upblit_session', '__Secure-upblit_session']) {
      const cookie = `${name}=${refreshToken}`;
      const answer = await post('refresh', { ...FROM_OUR_PAGE, ...OVER_HTTPS, cookie });
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_refresh_token']);
    }
  });

  it('is refreshed by the cookie alone, which is exchanged with it', async () => {
    const { answer: first, cookie } = await register(OVER_HTTPS);
    const headers = { ...FROM_OUR_PAGE, ...OVER_HTTPS };
    const second = await post('refresh', { ...headers, cookie: `theme=dark; ${cookie}; other=1` });
    expect(second.status).toBe(200);
    expect(second.headers['cache-control']).toBe('no-store');
    expect(second.body.user).toEqual(first.body.user);
    const next = cookieOf(second);
    expect(next.pair).not.toBe(cookie);
    expect(next.attributes).toContain('Secure');
    expect((await post('refresh', { ...headers, cookie: next.pair })).status).toBe(200);
  });

  it('is ended by a spent cookie, as by a spent token, and the cookie is deleted', async () => {
    const { cookie } = await register();
    const next = cookieOf(await post('refresh', { ...FROM_OUR_PAGE, cookie }));
    for (const spent of [cookie, next.pair]) {
      const answer = await post('refresh', { ...FROM_OUR_PAGE, cookie: spent });
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_refresh_token']);
      const { pair, attributes } = cookieOf(answer);
      expect([pair, attributes[1]]).toEqual(['upblit_session=', 'Max-Age=0']);
    }
  });

  it.each([undefined, 'upblit_session', 'upblit_session=', 'upblit_session=x', 'Upblit_session=upblit_rt_x'])(
    'cannot be refreshed with the cookie %j',
    async (cookie) => {
      const answer = await post('refresh', { ...FROM_OUR_PAGE, ...(cookie !== undefined && { cookie }) });
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_refresh_token']);
    },
  );

  it('ends with a logout, again and again, and no other login does', async () => {
    const { cookie } = await register();
    const { cookie: other } = await register();
    for (let round = 0; round < 2; round += 1) {
      const answer = await post('logout', { ...FROM_OUR_PAGE, cookie });
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(cookieOf(answer)).toEqual({
        pair: 'upblit_session=',
        attributes: ['Path=/auth/browser', 'Max-Age=0', 'HttpOnly', 'SameSite=Strict'],
      });
    }
    expect((await post('refresh', { ...FROM_OUR_PAGE, cookie })).status).toBe(401);
    expect((await post('refresh', { ...FROM_OUR_PAGE, cookie: other })).status).toBe(200);
  });

  it.each(['login', 'register'])(
    'takes the place of the one before in the same browser, which is ended: %s',
    async (call) => {
      const account = someone();
      if (call === 'login') await post('register').send(account);
      const { cookie: before } = await register();
      const { cookie: elsewhere } = await register();
      const failed = await post('login', { ...FROM_OUR_PAGE, cookie: before }).send(someone());
      expect(failed.status).toBe(401);
      const answer = await post(call, { ...FROM_OUR_PAGE, cookie: before }).send(account);
      expect(answer.status).toBe(call === 'login' ? 200 : 201);
      const { pair: after } = cookieOf(answer);
      expect((await post('refresh', { ...FROM_OUR_PAGE, cookie: before })).status).toBe(401);
      for (const cookie of [after, elsewhere]) {
        expect((await post('refresh', { ...FROM_OUR_PAGE, cookie })).status).toBe(200);
      }
    },
  );

  it('leaves the logins that keep their tokens themselves as they are', async () => {
    const { refreshToken } = await signIn(app);
    const byCookie = await request(app.http)
      .post('/auth/refresh')
      .set({ ...FROM_OUR_PAGE, cookie: `upblit_session=${refreshToken}` });
    expect(byCookie.status).toBe(400);
    const answer = await request(app.http).post('/auth/refresh').send({ refreshToken });
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });
});

describe('what a page of another origin makes a browser send', () => {
  const host = 'keys.example.org';
  const refused: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': '' },
    // What the browser says itself counts more than the origin.
    { 'sec-fetch-site': 'cross-site', origin: `https://${host}` },
    { origin: 'https://evil.example' },
    { origin: `https://${host}.evil.example` },
    { origin: `https://${host}:8443` },
    { origin: 'null' },
    { origin: '' },
    { referer: `https://${host}/dashboard` },
  ];

  it.each(refused)('is refused, and changes nothing: %j', async (headers) => {
    const { cookie } = await register({ host });
    const account = someone();
    const calls = [
      post('refresh', { host, cookie, ...headers }),
      post('logout', { host, cookie, ...headers }),
      post('register', { host, ...headers }).send(account),
      post('login', { host, ...headers }).send(account),
    ];
    for (const call of calls) {
      const answer = await call;
      expect([answer.status, answer.body.code]).toEqual([403, 'cross_site_request']);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
    expect((await post('refresh', { ...FROM_OUR_PAGE, host, cookie })).status).toBe(200);
    expect((await request(app.http).post('/auth/login').send(account)).body.code).toBe('invalid_credentials');
  });

  it.each([`https://${host}`, `http://${host}`])(
    'is let through from the same host by a browser that sends the origin alone: %s',
    async (origin) => {
      const { cookie } = await register({ host });
      expect((await post('refresh', { host, cookie, origin })).status).toBe(200);
    },
  );
});
