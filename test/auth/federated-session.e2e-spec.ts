import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import request, { type Response } from 'supertest';
import { Client } from '../support/builders.js';
import { OpenIdServer } from '../support/openid-provider.js';
import { TestApp } from '../support/test-app.js';

const ORIGIN = 'http://127.0.0.1';
const HEADERS = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' };

let provider: OpenIdServer;
let app: TestApp;
const lines: string[] = [];
beforeAll(async () => {
  provider = await OpenIdServer.start();
  app = await TestApp.start({
    env: { ...provider.env, LOCAL_ACCOUNTS: 'off', LOG_LEVEL: 'trace' },
    log: { write: (line) => lines.push(line) },
  });
});
afterEach(() => {
  provider.bend = {};
  provider.instead = undefined;
  provider.givesRefreshTokens = true;
  provider.refreshTokenBytes = 32;
  provider.showsKeys = true;
});
afterAll(async () => {
  await app.stop();
  await provider.stop();
});

function post(path: string, cookie = '', service = app): request.Test {
  return request(service.http)
    .post(`/auth/browser/oidc/${path}`)
    .set({ ...HEADERS, host: '127.0.0.1', cookie });
}

const cookieOf = ({ headers }: Response): string => String(headers['set-cookie']).split(';', 1)[0]!;

/** Begins a sign-in: where it leads, and the cookie that belongs to it. */
async function begin(): Promise<{ location: string; cookie: string }> {
  const answer = await post('start').expect(200);
  return { location: answer.body.location as string, cookie: cookieOf(answer) };
}

async function signIn(): Promise<Response> {
  const { location, cookie } = await begin();
  return post('finish', cookie).send({ response: provider.authorize(location) });
}

function expectProblem({ status, body }: Response, expected: number, code: string): void {
  expect([status, body.code]).toEqual([expected, code]);
}

/** The page that is told so says that the session has ended, and the browser has nothing left to ask with. */
function expectEnded(answer: Response): void {
  expectProblem(answer, 401, 'invalid_refresh_token');
  expect(answer.body.detail).toMatch(/^Sign in again/);
  expect(String(answer.headers['set-cookie'])).toContain('Max-Age=0');
}

describe('signing in at a provider', () => {
  it('gives the access token of the provider, which the API takes', async () => {
    const answer = await signIn();
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      accessToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: expect.any(Number),
      scope: 'applications:read applications:write apikeys:read apikeys:write audit:read',
      user: { id: provider.subject, issuer: provider.issuer, ...provider.profile },
    });
    expect(answer.body.expiresIn).toBeGreaterThan(200);
    const client = new Client(app, answer.body as ConstructorParameters<typeof Client>[1]);
    const id = await client.createApplication();
    const { body } = await client.get(`/applications/${id}`).expect(200);
    expect(body).toMatchObject({ ownerId: provider.subject, ownerIssuer: provider.issuer });
  });

  it('is asked for with PKCE, state, nonce, the scopes and the parameters of the operator', async () => {
    const asked = new URL((await begin()).location).searchParams;
    expect(Object.fromEntries(asked)).toEqual({
      client_id: OpenIdServer.clientId,
      response_type: 'code',
      redirect_uri: `${ORIGIN}/dashboard/callback`,
      scope: 'openid profile email offline_access',
      audience: provider.audience,
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(new URL((await begin()).location).searchParams.get('state')).not.toBe(asked.get('state'));
  });

  it('keeps nothing that a page, another site or a reader of the cookie could use', async () => {
    const started = await post('start');
    const finished = await post('finish', cookieOf(started)).send({
      response: provider.authorize(started.body.location as string),
    });
    for (const answer of [started, finished]) {
      expect(String(answer.headers['set-cookie'])).toMatch(
        /^\w+=[\w.-]+; Path=\/auth\/browser; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
      );
      for (const secret of provider.handedOut) {
        expect(String(answer.headers['set-cookie'])).not.toContain(secret);
      }
    }
    const abroad = await post('start').set('host', 'keys.example.com');
    expect(String(abroad.headers['set-cookie'])).toMatch(/^__Host-\w+=[\w.-]+; Path=\/; .*; Secure$/);
  });

  it.each([
    ['of another sign-in', (query: string) => query.replace(/state=[^&]+/, 'state=another')],
    ['without a state', (query: string) => query.replace(/&state=[^&]+/, '')],
    [
      'of another provider (RFC 9207)',
      (query: string) => query.replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.example'),
    ],
    ['that does not say of which provider', (query: string) => query.replace(/&iss=[^&]+/, '')],
    ['with a code of somebody else', (query: string) => query.replace(/code=[^&]+/, 'code=made-up')],
    ['with two codes', (query: string) => `${query}&code=another`],
    ['without a code', (query: string) => query.replace(/code=[^&]+&/, '')],
    ['that is empty', () => ''],
    ['that is no query', () => '%zz&&&=='],
  ])('takes no answer %s', async (_, bend) => {
    const { location, cookie } = await begin();
    const answer = await post('finish', cookie).send({ response: bend(provider.authorize(location)) });
    expectProblem(answer, 401, 'sign_in_failed');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it.each([
    ['a nonce of another sign-in', { nonce: 'another' }],
    ['no nonce', { nonce: undefined }],
    ['another client in it', { aud: 'another-client' }],
    ['another issuer in it', { iss: 'https://evil.example' }],
    ['an end that has passed', { exp: 1 }],
  ])('takes no ID token with %s', async (_, idToken) => {
    provider.bend = { idToken };
    expectProblem(await signIn(), 401, 'sign_in_failed');
  });

  it('takes no access token that the API would not take', async () => {
    for (const accessToken of [{ aud: 'another-service' }, { exp: 1 }, { iss: 'https://evil.example' }]) {
      provider.bend = { accessToken };
      expectProblem(await signIn(), 401, 'sign_in_failed');
    }
  });

  it('takes an answer once, and only in the browser that has begun', async () => {
    const { location, cookie } = await begin();
    const response = provider.authorize(location);
    expectProblem(await post('finish').send({ response }), 401, 'sign_in_failed');
    expectProblem(await post('finish', (await begin()).cookie).send({ response }), 401, 'sign_in_failed');
    expectProblem(await post('finish', 'upblit_sign_in=made.up').send({ response }), 401, 'sign_in_failed');
    await post('finish', cookie).send({ response }).expect(200);
    expectProblem(await post('finish', cookie).send({ response }), 401, 'sign_in_failed');
  });

  it('takes no cookie that was sealed for something else', async () => {
    const session = cookieOf(await signIn());
    const pending = (await begin()).cookie;
    const asPending = session.replace('upblit_federated', 'upblit_sign_in');
    expectProblem(await post('finish', asPending).send({ response: 'code=x' }), 401, 'sign_in_failed');
    const asSession = pending.replace('upblit_sign_in', 'upblit_federated');
    expectProblem(await post('refresh', asSession), 401, 'invalid_refresh_token');
  });

  it('is refused for pages of other sites, and by whoever is no page', async () => {
    for (const path of ['start', 'finish', 'refresh', 'logout']) {
      for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, {}]) {
        const answer = await request(app.http)
          .post(`/auth/browser/oidc/${path}`)
          .set(headers)
          .send(path === 'finish' ? { response: '' } : undefined);
        expectProblem(answer, 403, 'cross_site_request');
      }
    }
    const answer = await post('start').set('origin', 'null');
    expectProblem(answer, 400, 'invalid_request');
  });

  it('says 503 while the provider is away, and works when it is back', async () => {
    const { location, cookie } = await begin();
    provider.instead = (reply) => reply.writeHead(502).end('<html>');
    expectProblem(
      await post('finish', cookie).send({ response: provider.authorize(location) }),
      503,
      'service_unavailable',
    );
    provider.instead = (reply) => reply.destroy();
    expectProblem(
      await post('finish', cookie).send({ response: provider.authorize(location) }),
      503,
      'service_unavailable',
    );
    provider.instead = undefined;
    await post('finish', cookie)
      .send({ response: provider.authorize(location) })
      .expect(200);
  });
});

describe('a login at a provider', () => {
  it('is refreshed, and each refresh token is good once', async () => {
    const first = await signIn();
    const second = await post('refresh', cookieOf(first)).expect(200);
    expect(second.body).toEqual({
      ...first.body,
      accessToken: expect.any(String),
      expiresIn: expect.any(Number),
    });
    expect(second.body.accessToken).not.toBe(first.body.accessToken);
    await post('refresh', cookieOf(second)).expect(200);
  });

  it('ends when it has ended at the provider', async () => {
    const cookie = cookieOf(await signIn());
    provider.endSessions();
    const answer = await post('refresh', cookie);
    expectProblem(answer, 401, 'invalid_refresh_token');
    expect(String(answer.headers['set-cookie'])).toContain('Max-Age=0');
  });

  it.each([
    ['could not be asked', 503, undefined, {}],
    ['was asked too often', 429, { error: 'access_denied' }, {}],
    ['says that it is away', 400, { error: 'temporarily_unavailable' }, {}],
    ['does not know the service any more', 400, { error: 'invalid_client' }, {}],
    [
      'does not accept its secret',
      401,
      { error: 'invalid_client' },
      { 'www-authenticate': 'Basic realm="x"' },
    ],
  ])('goes on when the provider %s', async (_, status, body, headers) => {
    const cookie = cookieOf(await signIn());
    provider.instead = (reply) => {
      reply.writeHead(status, { 'content-type': 'application/json', ...headers });
      reply.end(JSON.stringify(body));
    };
    const answer = await post('refresh', cookie);
    expectProblem(answer, 503, 'service_unavailable');
    expect(answer.headers['set-cookie']).toBeUndefined();
    provider.instead = undefined;
    await post('refresh', cookie).expect(200);
  });

  it('shows its refresh token to nobody to whom the provider redirects', async () => {
    const shown: string[] = [];
    const elsewhere = createServer((request, reply) => {
      request.on('data', (data: Buffer) => shown.push(data.toString())).on('end', () => reply.end('{}'));
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    try {
      const cookie = cookieOf(await signIn());
      const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/token`;
      provider.instead = (reply) => reply.writeHead(307, { location }).end();
      expectProblem(await post('refresh', cookie), 503, 'service_unavailable');
      expect(shown).toEqual([]);
      provider.instead = undefined;
      await post('refresh', cookie).expect(200);
    } finally {
      elsewhere.close();
    }
  });

  it('keeps the next refresh token when the keys of the provider cannot be read just then', async () => {
    const cookie = cookieOf(await signIn());
    // It has read the keys of nobody yet.
    const started = await TestApp.start({
      database: app.database,
      env: { ...provider.env, LOCAL_ACCOUNTS: 'off' },
    });
    try {
      provider.showsKeys = false;
      const answer = await post('refresh', cookie, started);
      expectProblem(answer, 503, 'service_unavailable');
      expectProblem(await post('refresh', cookie), 401, 'invalid_refresh_token');
      const next = await post('refresh', cookieOf(answer)).expect(200);
      expect(next.body.user).toEqual({ id: provider.subject, issuer: provider.issuer, ...provider.profile });
    } finally {
      await started.stop();
    }
  });

  it.each([
    ['is somebody else', { accessToken: { sub: 'auth0|another' } }],
    ['is for another service', { accessToken: { aud: 'another-service' } }],
    ['has an ID token for another client', { idToken: { aud: 'another-client' } }],
    ['has an ID token of another issuer', { idToken: { iss: 'https://evil.example' } }],
    ['has an ID token that has ended', { idToken: { exp: 1 } }],
    ['has an ID token without a subject', { idToken: { sub: undefined } }],
  ])('ends when what the provider gives in exchange %s, as its refresh token is spent', async (_, bend) => {
    const cookie = cookieOf(await signIn());
    provider.bend = bend;
    expectEnded(await post('refresh', cookie));
  });

  it('ends when the next refresh token does not fit into a cookie, and says at the next sign-in why', async () => {
    const cookie = cookieOf(await signIn());
    provider.refreshTokenBytes = 4000;
    expectEnded(await post('refresh', cookie));
    const answer = await signIn();
    expectProblem(answer, 401, 'sign_in_failed');
    expect(answer.body.detail).toContain('too long for a cookie');
  });

  it('ends when what the provider gives in exchange cannot be read', async () => {
    const cookie = cookieOf(await signIn());
    provider.instead = (reply) =>
      reply.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"x"}');
    expectEnded(await post('refresh', cookie));
  });

  it('lasts as long as its access token where there are no refresh tokens', async () => {
    provider.givesRefreshTokens = false;
    const first = await signIn();
    const second = await post('refresh', cookieOf(first)).expect(200);
    expect(second.body.accessToken).toBe(first.body.accessToken);
  });

  it('that is signed out of is forgotten by the provider, which is named', async () => {
    const cookie = cookieOf(await signIn());
    const answer = await post('logout', cookie).expect(200);
    expect(String(answer.headers['set-cookie'])).toContain('Max-Age=0');
    const location = new URL(answer.body.location as string);
    expect(location.origin + location.pathname).toBe(`${provider.issuer}/logout`);
    expect(location.searchParams.get('post_logout_redirect_uri')).toBe(`${ORIGIN}/dashboard/sign-in`);
    expectProblem(await post('refresh', cookie), 401, 'invalid_refresh_token');
    expect((await post('logout').expect(200)).body).toEqual({ location: null });
  });

  it('that is signed out of while the provider is away has ended in this browser all the same', async () => {
    const cookie = cookieOf(await signIn());
    provider.instead = (reply) => reply.destroy();
    const answer = await post('logout', cookie).expect(200);
    expect(answer.body).toEqual({ location: null });
    expect(String(answer.headers['set-cookie'])).toContain('Max-Age=0');
  });

  it('is opened by every node, and by none without the pepper', async () => {
    const cookie = cookieOf(await signIn());
    const pepper = Buffer.alloc(32, 7).toString('base64url');
    const other = await TestApp.start({
      database: app.database,
      env: { ...provider.env, LOCAL_ACCOUNTS: 'off', API_KEY_PEPPERS: `1=${pepper}` },
    });
    try {
      expectProblem(await post('refresh', cookie, other), 401, 'invalid_refresh_token');
    } finally {
      await other.stop();
    }
    await post('refresh', cookie).expect(200);
  });

  it('leaves no token and no code in the log', () => {
    const log = lines.join('');
    expect(log).toContain('sign-in at the provider');
    for (const secret of provider.handedOut) expect(log).not.toContain(secret);
  });
});

describe('without a provider', () => {
  it('none of these calls leads anywhere', async () => {
    const without = await TestApp.start({ database: app.database });
    try {
      for (const path of ['start', 'logout']) {
        const answer = await post(path, '', without);
        if (path === 'start') expectProblem(answer, 404, 'not_found');
        else expect([answer.status, answer.body]).toEqual([200, { location: null }]);
      }
    } finally {
      await without.stop();
    }
  });
});
