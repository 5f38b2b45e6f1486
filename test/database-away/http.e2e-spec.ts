import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import request, { type Response } from 'supertest';
import { unissuedKey } from '../support/made-up-keys.js';
import { Client } from '../support/builders.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startProxiedApp, type ProxiedApp } from '../support/proxied-app.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import { TestApp } from '../support/test-app.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

const POOL_WAIT = 1500;
const STATEMENT_TIMEOUT = 300;
/** What the configuration promises at most: a wait for a connection, a statement, the client's margin on it. */
const DEADLINE = POOL_WAIT + STATEMENT_TIMEOUT + 1000 + 10_000;

let proxied: ProxiedApp;
let database: TestDatabase;
let proxy: TcpProxy;
let app: TestApp;
let client: Client;
let applicationId: string;
let key: string;
beforeAll(async () => {
  proxied = await startProxiedApp({
    env: {
      DATABASE_POOL_SIZE: '3',
      DATABASE_POOL_WAIT_MS: String(POOL_WAIT),
      DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT),
    },
  });
  ({ app, database, proxy } = proxied);
  client = await Client.signedIn(app);
  applicationId = await client.createApplication();
  ({ key } = await client.issueKey(applicationId));
});
afterAll(() => proxied.stop());
afterEach(async () => {
  await proxy.restore();
  await eventually(() => request(app.http).get('/health/ready').expect(200));
});

const verify = (text: string): request.Test =>
  request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key: text });

const CALLS: [string, () => request.Test][] = [
  ['a verification', () => verify(key)],
  ['a verification of an unknown key', () => verify(unissuedKey())],
  [
    'a verification for a gateway',
    () => request(app.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', key),
  ],
  [
    'a login',
    () => request(app.http).post('/auth/login').send({ email: 'a@b.example', password: 'any password' }),
  ],
  ['issuing', () => client.post(`/apikey?ApplicationId=${applicationId}`)],
  ['a list', () => client.get('/applications')],
  ['creating', () => client.post('/applications').send({ name: 'Demo' })],
  ['deleting', () => client.delete(`/applications/${applicationId}`)],
];

describe('while the database is down', () => {
  it.each(CALLS)('%s answers 503 with Retry-After', async (_, call) => {
    await proxy.refuse();
    expectUnavailable(await call());
  });
});

describe.each([
  ['is down', () => proxy.refuse()],
  ['does not answer', () => proxy.blackHole()],
  ['is far too slow', () => proxy.delay(5000)],
])('while the database %s', (_, disturb) => {
  it('every call, with more of them than connections, answers 503 within the deadline', async () => {
    await disturb();
    const startedAt = performance.now();
    const answers = await Promise.all([...CALLS, ...CALLS].map(([, call]) => call()));
    for (const answer of answers) expectUnavailable(answer);
    expect(performance.now() - startedAt).toBeLessThan(DEADLINE);
  });

  it('the process is alive and not ready', async () => {
    await disturb();
    const [live, ready] = await Promise.all(
      ['/health/live', '/health/ready'].map((path) => request(app.http).get(path)),
    );
    expect(live!.status).toBe(200);
    expectUnavailable(ready!);
  });
});

describe('a database that comes back', () => {
  it('is used again, though every connection was cut under the running service', async () => {
    for (let i = 0; i < 3; i++) {
      proxy.cut();
      await eventually(async () => {
        const answer = await verify(unissuedKey());
        if (answer.status !== 200) expectUnavailable(answer);
        expect(answer.body.code).toBe('NOT_FOUND');
      });
    }
  });

  it('whose sessions the administrator ends makes nothing but 503s and right answers', async () => {
    for (let i = 0; i < 5; i++) {
      const calls = Array.from({ length: 10 }, () => verify(unissuedKey()));
      const ended = asAdministrator(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
      );
      for (const answer of await Promise.all(calls)) {
        if (answer.status === 200) expect(answer.body.code).toBe('NOT_FOUND');
        else expectUnavailable(answer);
      }
      await ended;
    }
  });
});

describe('a statement that waits for a lock', () => {
  it('for too long is answered 503, and holds nobody up afterwards', async () => {
    const holder = new PostgresClient({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE applications');
    expectUnavailable(await client.post('/applications').send({ name: 'Demo' }));
    await holder.end();
    await client.post('/applications').send({ name: 'Demo' }).expect(201);
  });
});

function expectUnavailable(answer: Response): void {
  expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
  expect(answer.headers['retry-after']).toBe('1');
  expect(answer.text).not.toMatch(/ECONN|timeout|SELECT|postgres/i);
}

describe('a process whose every connection is busy', () => {
  it('is ready: it still verifies from memory, and its database answers', async () => {
    const busy = await TestApp.start({
      database,
      env: {
        DATABASE_POOL_SIZE: '1',
        // Those who wait must not be given up, however busy the machine is.
        DATABASE_POOL_WAIT_MS: '60000',
        DATABASE_STATEMENT_TIMEOUT_MS: '60000',
        RESPONSE_TIMEOUT_MS: '120000',
      },
    });
    const ask = (): request.Test => request(busy.http).post('/apikey/verify').set(AS_SERVICE).send({ key });
    await ask().expect(200);
    const holder = new PostgresClient({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE applications');
    const waiting = Array.from({ length: 3 }, () =>
      new Client(busy, client.caller).get('/applications').then(({ status }) => status),
    );
    await eventually(async () => {
      const { text } = await request(busy.http).get('/metrics');
      expect(text).toContain('upblit_database_connections{state="waiting"} 2');
    });
    const startedAt = performance.now();
    const [ready, verified] = await Promise.all([request(busy.http).get('/health/ready'), ask()]);
    expect([ready.status, verified.body.code]).toEqual([200, 'VALID']);
    // Whoever waited for the pool would be refused first.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    await holder.end();
    expect(await Promise.all(waiting)).toEqual([200, 200, 200]);
    await busy.stop();
  });
});

describe('a call that takes longer than the time for an answer', () => {
  it('is answered 503, though its statements might go on', async () => {
    const impatient = await TestApp.start({
      database,
      env: { RESPONSE_TIMEOUT_MS: '300', DATABASE_STATEMENT_TIMEOUT_MS: '60000' },
    });
    const holder = new PostgresClient({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE applications');
    const startedAt = performance.now();
    const caller = new Client(impatient, client.caller);
    expectUnavailable(await caller.get('/applications'));
    // The time begins, and does not end, when the body has been read.
    expectUnavailable(await caller.post('/applications').send({ name: 'Demo' }));
    expectUnavailable(await caller.delete(`/applications/${applicationId}`));
    // Long before the statements are given up.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    await holder.end();
    await impatient.stop();
  });
});

describe('a verification that takes longer than the time for an answer', () => {
  it.each<[string, (app: TestApp, cold: string) => request.Test]>([
    [
      'on the fast path',
      (busy, cold) => request(busy.http).post('/apikey/verify').set(AS_SERVICE).send({ key: cold }),
    ],
    [
      'on the slow path',
      (busy, cold) =>
        request(busy.http)
          .post('/apikey/verify')
          .set(AS_SERVICE)
          .set('Origin', 'https://a.example')
          .send({ key: cold }),
    ],
    [
      'for a gateway',
      (busy, cold) => request(busy.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', cold),
    ],
  ])('is answered 503 %s', async (_, ask) => {
    const impatient = await TestApp.start({
      database,
      env: { RESPONSE_TIMEOUT_MS: '300', DATABASE_STATEMENT_TIMEOUT_MS: '60000' },
    });
    const { key: cold } = await client.issueKey(applicationId);
    // The first request of a process always takes the slow path.
    await request(impatient.http).post('/apikey/verify').set(AS_SERVICE).send({ key: 'none' }).expect(200);
    const holder = new PostgresClient({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE applications');
    const startedAt = performance.now();
    expectUnavailable(await ask(impatient, cold));
    // Long before the statement is given up.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    await holder.end();
    await impatient.stop();
  });
});

async function asAdministrator(sql: string): Promise<void> {
  const administrator = new PostgresClient({ connectionString: database.url });
  await administrator.connect();
  await administrator.query(sql);
  await administrator.end();
}
