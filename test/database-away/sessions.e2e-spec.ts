import { afterAll, beforeAll, expect, it } from '@jest/globals';
import request, { type Test } from 'supertest';
import { startProxiedApp, type ProxiedApp } from '../support/proxied-app.js';
import { signIn, type SignedIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';
import { eventually } from '../support/eventually.js';

const LEASE_MS = '1000';

/** One whose connections can be disturbed, and one that always has the database. */
let cutOff: ProxiedApp;
let other: TestApp;
beforeAll(async () => {
  cutOff = await startProxiedApp({
    env: {
      VERIFY_LEASE_MS: LEASE_MS,
      DATABASE_POOL_WAIT_MS: '500',
      DATABASE_STATEMENT_TIMEOUT_MS: '300',
    },
  });
  other = await TestApp.start({ env: { VERIFY_LEASE_MS: LEASE_MS }, database: cutOff.database });
});
afterAll(async () => {
  await other.stop();
  await cutOff.stop();
});

const use = ({ accessToken }: SignedIn): Test =>
  request(cutOff.app.http).get('/auth/sessions').auth(accessToken, { type: 'bearer' });

it('an access token is neither accepted nor called bad while it cannot be told whether its session goes on', async () => {
  const login = await signIn(other);
  await cutOff.proxy.refuse();
  const answer = await use(login);
  expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  await cutOff.proxy.restore();
  await eventually(() => use(login).expect(200));
});

it('an access token is accepted by no node that is cut off, once the end of its session was answered', async () => {
  const login = await signIn(other);
  await eventually(() => use(login).expect(200));
  await cutOff.proxy.blackHole();
  // Answered when the lease of the node that is cut off has run out.
  await request(other.http).post('/auth/logout').send({ refreshToken: login.refreshToken }).expect(204);
  expect((await use(login)).status).toBe(503);
  await cutOff.proxy.restore();
  await eventually(async () => {
    const answer = await use(login);
    // It says so as soon as it knows, and never that the token is good.
    expect(answer.status).not.toBe(200);
    expect(answer.status).toBe(401);
  });
});

it('the end of a session is not promised while the database is away', async () => {
  const login = await signIn(other);
  await cutOff.proxy.refuse();
  const answer = await request(cutOff.app.http)
    .post('/auth/logout')
    .send({ refreshToken: login.refreshToken });
  expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
  await cutOff.proxy.restore();
});
