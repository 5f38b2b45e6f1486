import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import request from 'supertest';
import { Client } from '../support/builders.js';
import { createTestDatabase } from '../support/database.js';
import { sendRaw } from '../support/raw-socket.js';
import { TestApp } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
});
afterAll(() => app.stop());

describe('X-Request-Id', () => {
  it.each(['a', 'A1._-', 'x'.repeat(128), '01890a5d-ac96-774b-bcce-b302099a8057'])(
    "is the caller's: %s",
    async (id) => {
      const answer = await request(app.http).get('/health/live').set('x-request-id', id);
      expect(answer.headers['x-request-id']).toBe(id);
    },
  );

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['of other characters', 'a b'],
    ['a list', 'a, b'],
    ['an API key', 'upblit_live_000000000000000000000000000000000000'],
    ['a mistyped API key', 'x.UPBLIT_live_0000'],
    ['a refresh token', 'upblit_rt_0000000000000000'],
    ['an access token', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'],
  ])('is a new one when the given one is %s', async (_, id) => {
    const answer = await request(app.http).get('/nothing').set('x-request-id', id);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.body.requestId).toBe(answer.headers['x-request-id']);
  });
});

describe('readiness', () => {
  it('is refused, with the reason, while a migration is missing', async () => {
    const database = await createTestDatabase();
    const behind = await TestApp.start({ database });
    await request(behind.http).get('/health/ready').expect(200, { status: 'ok' });
    const administrator = new PostgresClient({ connectionString: database.url });
    await administrator.connect();
    await administrator.query('DELETE FROM migrations WHERE id = (SELECT max(id) FROM migrations)');
    await administrator.end();
    const answer = await request(behind.http).get('/health/ready');
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({
      code: 'service_unavailable',
      detail: expect.stringContaining('migration'),
    });
    await behind.stop();
    await database.drop();
  });
});

describe('the metrics', () => {
  it('count requests by route pattern and status, and never by path', async () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    await request(app.http).get(`/applications/${id}`);
    await request(app.http).get(`/applications/${id}?x=1`);
    await request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key: 'any' });
    await request(app.http).get(`/nothing/${id}`);
    const { text, headers } = await request(app.http).get('/metrics').expect(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const sample = (method: string, route: string, status: number): string =>
      `upblit_http_requests_total{method="${method}",route="${route}",status="${status}"}`;
    expect(text).toContain(`${sample('GET', '/applications/:id', 401)} 2`);
    expect(text).toContain(`${sample('POST', '/apikey/verify', 200)} 1`);
    expect(text).toContain(sample('GET', 'unmatched', 404));
    expect(text).not.toContain(id);
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).toMatch(/^upblit_database_connections\{state="idle"\} [1-9]/m);
  });
});

describe('what an operator has closed', () => {
  const token = 'a-token-for-the-metrics';
  let closed: TestApp;
  beforeAll(async () => {
    closed = await TestApp.start({ env: { METRICS_TOKEN: token, DOCS: 'off' } });
  });
  afterAll(() => closed.stop());

  it('are the metrics, to everybody without the token', async () => {
    const bare = await request(closed.http).get('/metrics').expect(401);
    expect(bare.headers['www-authenticate']).toBe('Bearer');
    expect(bare.text).not.toContain('upblit_http');
    for (const wrong of [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, 'Bearer', token]) {
      const answer = await request(closed.http).get('/metrics').set('authorization', wrong).expect(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect(answer.text).not.toContain(token);
    }
    const header = `Authorization: Bearer ${token}\r\n`;
    const twice = await sendRaw(
      closed.port,
      `GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${header}${header}\r\n`,
    );
    expect(twice.status).toBe(400);
    const good = await request(closed.http)
      .get('/metrics')
      .set('authorization', `bearer ${token}`)
      .expect(200);
    expect(good.text).toContain('process_cpu_seconds_total');
  });

  it('is the documentation, to everybody', async () => {
    for (const path of ['/docs', '/docs/', '/docs/swagger-ui-init.js', '/openapi.json', '/docs-json']) {
      const { body } = await request(closed.http).get(path).expect(404);
      expect(body.detail).not.toContain('/docs');
      if (!path.endsWith('-json')) await request(app.http).get(path).expect(200);
    }
  });
});

describe('the headers of an answer', () => {
  it('tell browsers to be careful', async () => {
    const { headers } = await request(app.http).get('/health/live');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
      'strict-transport-security': expect.anything(),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(headers['x-powered-by']).toBeUndefined();
  });

  it('of a verification are the few that matter to a service', async () => {
    const { headers } = await request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key: 'any' });
    expect(Object.keys(headers).sort()).toEqual([
      'cache-control',
      'connection',
      'content-length',
      'content-type',
      'date',
      'x-content-type-options',
      'x-request-id',
    ]);
  });
});

describe('pages of other origins', () => {
  const preflight = (target: TestApp, origin: string): request.Test =>
    request(target.http).options('/applications').set({
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    });

  it('may not call the service', async () => {
    const answer = await preflight(app, 'https://dashboard.example.com');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    const call = await request(app.http).get('/health/live').set('origin', 'https://dashboard.example.com');
    expect(call.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('may when the configuration names them, errors included; others still may not', async () => {
    const open = await TestApp.start({
      env: { CORS_ORIGINS: 'https://dashboard.example.com, http://localhost:5173' },
    });
    const allowed = await preflight(open, 'https://dashboard.example.com');
    expect(allowed.status).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://dashboard.example.com',
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'Authorization, Content-Type, Idempotency-Key, X-Request-Id',
    });
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    const refused = await request(open.http).get('/applications').set('origin', 'http://localhost:5173');
    expect(refused.status).toBe(401);
    expect(refused.headers['access-control-allow-origin']).toBe('http://localhost:5173');
    expect(refused.headers['access-control-expose-headers']).toContain('X-Request-Id');
    const stranger = await preflight(open, 'https://evil.example.com');
    expect(stranger.headers['access-control-allow-origin']).toBeUndefined();
    await open.stop();
  });
});

describe('the address of a client', () => {
  async function addressSeenBy(trustProxy: Record<string, string>, forwardedFor: string): Promise<string> {
    const lines: string[] = [];
    const node = await TestApp.start({
      env: { LOG_LEVEL: 'info', ...trustProxy },
      log: { write: (line) => lines.push(line) },
    });
    await request(node.http).get('/nothing').set('x-forwarded-for', forwardedFor);
    await node.stop();
    const answered = lines
      .map((line) => JSON.parse(line) as Record<string, string>)
      .find((line) => line.msg === 'answered');
    return answered!.client!;
  }

  it('is that of the connection, whatever X-Forwarded-For says', async () => {
    expect(await addressSeenBy({}, '203.0.113.7')).toBe('127.0.0.1');
  });

  it('is what a trusted proxy says', async () => {
    expect(await addressSeenBy({ TRUST_PROXY: '127.0.0.1/32' }, '203.0.113.7')).toBe('203.0.113.7');
  });

  it('is the last that no trusted proxy has: what the client itself made up does not count', async () => {
    const made = '198.51.100.1, 203.0.113.7, 10.0.0.1';
    expect(await addressSeenBy({ TRUST_PROXY: 'loopback, 10.0.0.0/8' }, made)).toBe('203.0.113.7');
  });

  it('is that of the connection when the proxy is not one of the trusted', async () => {
    expect(await addressSeenBy({ TRUST_PROXY: '10.0.0.0/8' }, '203.0.113.7')).toBe('127.0.0.1');
  });
});

describe('connections', () => {
  it('over the limit are closed, and the others still answered', async () => {
    const small = await TestApp.start({ env: { MAX_CONNECTIONS: '2' } });
    const held = await Promise.all([openConnection(small.port), openConnection(small.port)]);
    const refused = await openConnection(small.port);
    await once(refused.resume(), 'close');
    held[0].write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(held[0], 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
    for (const socket of held) socket.destroy();
    await small.stop();
  });

  it('are kept for further requests', async () => {
    const get = 'GET /health/live HTTP/1.1\r\nHost: x\r\n';
    const { body } = await sendRaw(app.port, `${get}\r\n${get}Connection: close\r\n\r\n`);
    expect(body.match(/\{"status":"ok"\}/g)).toHaveLength(2);
  });
});

describe('a fault of ours', () => {
  it('answers 500 and says nothing of it; the log says which, under the same request id', async () => {
    const lines: string[] = [];
    const broken = await TestApp.start({
      env: { LOG_LEVEL: 'error' },
      log: { write: (line) => lines.push(line) },
    });
    const client = await Client.signedIn(broken);
    await broken.query('ALTER TABLE applications RENAME TO elsewhere');
    const answer = await client.get('/applications');
    await broken.stop();
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      type: 'urn:upblit:problem:internal_error',
      title: 'Internal error',
      status: 500,
      detail: 'Try again; if it stays, tell the operator the requestId.',
      instance: '/applications',
      code: 'internal_error',
      requestId: answer.headers['x-request-id'],
    });
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries).toEqual([
      expect.objectContaining({
        reqId: answer.headers['x-request-id'],
        err: expect.objectContaining({ code: '42P01' }),
      }),
    ]);
    expect(lines.join()).not.toMatch(/SELECT|parameters/);
  });
});

async function openConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}
