import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import request from 'supertest';
import { Client, foreignKey, type CreatedKey } from '../support/builders.js';
import { SERVICE_KEY } from '../support/service-key.js';
import { rawHttp } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';
import { Gateway, type Behind } from './gateway.js';
import { Upstream } from './upstream.js';

const IDENTITY = ['X-Key-Id', 'X-Application-Id', 'X-Owner-Id', 'X-Key-Scopes'];

interface Kind {
  name: string;
  start: (behind: Behind) => Promise<Gateway>;
}
const KINDS: Kind[] = [
  { name: 'nginx', start: (behind) => Gateway.nginx(behind) },
  { name: 'Caddy', start: (behind) => Gateway.caddy(behind) },
  { name: 'HAProxy', start: (behind) => Gateway.haproxy(behind) },
];

describe.each(KINDS)('$name, with the recipe of the documentation,', ({ name: kind, start }) => {
  let app: TestApp;
  let client: Client;
  let applicationId: string;
  let upstream: Upstream;
  let gateway: Gateway;
  let good: CreatedKey;

  beforeAll(async () => {
    app = await TestApp.start({ env: { TRUST_PROXY: 'loopback', VERIFY_UNKNOWN_KEYS_PER_SECOND: '3' } });
    client = await Client.signedIn(app);
    applicationId = await client.createApplication();
    good = await client.issueKey(applicationId, { scopes: ['orders:read'] });
    upstream = await Upstream.start();
    gateway = await start({ upblit: `127.0.0.1:${app.port}`, upstream: upstream.address });
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
    await app.stop();
  });

  beforeEach(() => {
    upstream.received.length = 0;
  });

  const get = (path: string, key?: string): request.Test => {
    const call = request(`http://127.0.0.1:${gateway.port}`).get(path);
    return key === undefined ? call : call.set('x-api-key', key);
  };

  /** What the upstream has seen: one request, or none. */
  const seen = () => upstream.received[0];

  it('passes a request with a good key on, with its identity, its query and its body, and without the key', async () => {
    await request(`http://127.0.0.1:${gateway.port}`)
      .post('/things?page=2')
      .set('x-api-key', good.key)
      .send({ a: 'thing' })
      .expect(200, 'from the upstream');
    expect(seen()).toMatchObject({
      method: 'POST',
      url: '/things?page=2',
      body: '{"a":"thing"}',
      headers: {
        'x-key-id': good.id,
        'x-application-id': applicationId,
        'x-owner-id': client.userId,
        'x-key-scopes': 'orders:read',
      },
    });
    expect(JSON.stringify(seen())).not.toContain(good.key);
  });

  it('takes the key as a bearer token, and does not pass that on either', async () => {
    await get('/').set('Authorization', `Bearer ${good.key}`).expect(200);
    expect(seen()?.headers).toMatchObject({ 'x-key-id': good.id });
    expect(JSON.stringify(seen())).not.toContain(good.key);
  });

  it('passes an Authorization on that is for the upstream', async () => {
    await get('/', good.key).set('Authorization', 'Basic dTpw').expect(200);
    expect(seen()?.headers.authorization).toBe('Basic dTpw');
  });

  it('never passes on the identity that a client claims', async () => {
    const withoutScopes = await client.issueKey(applicationId);
    const forged = IDENTITY.flatMap((name) => [
      name,
      name.toLowerCase(),
      name.replaceAll('-', '_'),
      // To WSGI, CGI and their like these are the same name.
      name.replace(/-(?=\w+$)/, '_'),
      name.replace('-', '_'),
      name.toUpperCase().replace('X-', 'X_'),
    ]);
    await rawHttp(gateway.port, [
      'GET / HTTP/1.1',
      `Host: 127.0.0.1:${gateway.port}`,
      `x-api-key: ${withoutScopes.key}`,
      ...forged.map((name) => `${name}: forged`),
    ]);
    expect(seen()?.headers).toMatchObject({ 'x-key-id': withoutScopes.id, 'x-owner-id': client.userId });
    expect(JSON.stringify(seen())).not.toContain('forged');
  });

  it('has a service key of its own, in place of what a client sends as one', async () => {
    const mine = await client.issueServiceKey(await client.createApplication());
    for (const sent of [mine.key, 'forged', SERVICE_KEY]) {
      await rawHttp(gateway.port, [
        'GET / HTTP/1.1',
        `Host: 127.0.0.1:${gateway.port}`,
        `x-api-key: ${good.key}`,
        ...['X-Service-Key', 'x-service-key', 'X_Service_Key'].map((name) => `${name}: ${sent}`),
      ]);
      // A key of another application would have found no such key.
      expect(upstream.received.pop()?.headers).toMatchObject({ 'x-key-id': good.id });
      await get('/', good.key).set('X-Service-Key', sent).expect(200);
      const received = JSON.stringify(upstream.received.splice(0));
      for (const secret of [sent, SERVICE_KEY]) expect(received).not.toContain(secret);
      expect(received).not.toMatch(/service.key/i);
    }
  });

  it('answers 401 with a challenge when there is no key', async () => {
    const answer = await get('/').expect(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(seen()).toBeUndefined();
  });

  it('answers 401 to a key from the moment its revocation is answered', async () => {
    const { id, key } = await client.issueKey(applicationId);
    await get('/', key).expect(200);
    await client.delete(`/apikey/${id}`).expect(204);
    const answer = await get('/', key).expect(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(upstream.received).toHaveLength(1);
  });

  it('answers 403 with the scope that is needed, and lets a key pass that has it', async () => {
    const answer = await get('/orders', good.key).expect(403);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", scope="orders:write"',
    );
    expect(seen()).toBeUndefined();
    const writer = await client.issueKey(applicationId, { scopes: ['orders:write'] });
    await get('/orders?page=2', writer.key).expect(200);
    expect(seen()).toMatchObject({ url: '/orders?page=2', headers: { 'x-key-scopes': 'orders:write' } });
  });

  it.each(['key', 'api_key', 'access_token', 'anything'])(
    'refuses a key in the query as %s',
    async (name) => {
      await get(`/?page=2&${name}=${good.key}`, good.key).expect(400);
      expect(seen()).toBeUndefined();
    },
  );

  it('refuses two keys at once', async () => {
    const host = `Host: 127.0.0.1:${gateway.port}`;
    const header = `x-api-key: ${good.key}`;
    const answer = await rawHttp(gateway.port, ['GET / HTTP/1.1', host, header, header]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen()).toBeUndefined();
  });

  it("passes the upstream's own failure on as it is", async () => {
    await get('/broken', good.key).expect(500, 'from the upstream');
  });

  it('answers 429 beyond the limit of a key, with when to come back', async () => {
    const rateLimits = [{ name: 'minute', limit: 1, windowSeconds: 60 }];
    const { key } = await client.issueKey(applicationId, { rateLimits });
    await get('/', key).expect(200);
    const { headers } = await get('/', key).expect(429);
    expect(headers).toMatchObject({
      'retry-after': expect.stringMatching(/^\d+$/),
      ratelimit: expect.stringMatching(/^"minute";r=0;t=\d+$/),
      'ratelimit-policy': '"minute";q=1;w=60',
    });
    expect(upstream.received).toHaveLength(1);
  });

  it('answers 429 with Retry-After to a flood of unknown keys that somebody may have imported', async () => {
    await client.importKeys(applicationId, [foreignKey()]);
    const unknown = Array.from({ length: 20 }, () => get('/', foreignKey()));
    const limited = (await Promise.all(unknown)).filter(({ status }) => status !== 401);
    expect(limited.length).toBeGreaterThan(0);
    for (const { status, headers } of limited) {
      expect([status, headers['retry-after']]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    }
    expect(seen()).toBeUndefined();
  });

  it.each([
    'close, X-Key-Id, X-Owner-Id, X-Application-Id, X-Key-Scopes',
    'x-key-scopes',
    'keep-alive,X-KEY-ID',
    'X_Key_Id',
  ])('never loses the identity because a client says so: Connection: %s', async (connection) => {
    const answer = await rawHttp(gateway.port, [
      'GET / HTTP/1.1',
      `Host: 127.0.0.1:${gateway.port}`,
      `x-api-key: ${good.key}`,
      `Connection: ${connection}`,
      'Connection: close',
    ]);
    if (seen() === undefined) expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    else {
      expect(seen()?.headers).toMatchObject({
        'x-key-id': good.id,
        'x-owner-id': client.userId,
        'x-key-scopes': 'orders:read',
      });
    }
  });

  it('names the request by which a refusal is found in the log of Upblit, and the client its own', async () => {
    for (const call of [get('/'), get('/', 'upblit_live_x'), get('/orders', good.key)]) {
      const answer = await call.set('x-request-id', 'of-the-client.1');
      expect([401, 403]).toContain(answer.status);
      expect(answer.headers['x-request-id']).toBe('of-the-client.1');
    }
    expect((await get('/orders', good.key)).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers in time when Upblit hangs, and writes no key into its log after that or any other fault', async () => {
    // A gateway that is ended resets its connections.
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const hanging = await start({ upblit: `127.0.0.1:${port}`, upstream: upstream.address });
    const away = await start({ upblit: '127.0.0.1:1', upstream: upstream.address });
    const withoutUpstream = await start({ upblit: `127.0.0.1:${app.port}`, upstream: '127.0.0.1:1' });
    const secret = good.key.slice(-20);
    try {
      for (const [broken, statuses] of [
        [hanging, kind === 'Caddy' ? [504] : [503]],
        [away, kind === 'Caddy' ? [502] : [503]],
        [withoutUpstream, [502, 503]],
      ] as const) {
        const url = `http://127.0.0.1:${broken.port}`;
        const answer = await request(url).get('/a').set('x-api-key', good.key);
        expect(statuses).toContain(answer.status);
        await request(url).get('/b').set('authorization', `Bearer ${good.key}`);
        await request(url).get(`/c?x=${good.key}`).expect(400);
        await request(url).get(`/d?key=${good.key}`).set('x-api-key', good.key).expect(400);
      }
      expect(seen()).toBeUndefined();
    } finally {
      for (const broken of [hanging, away, withoutUpstream]) await broken.stop();
      silent.close();
    }
    for (const { output } of [hanging, away, withoutUpstream]) {
      // It has written something, and no key.
      expect(output).not.toBe('');
      expect(output).not.toContain(secret);
    }
    expect(gateway.output).not.toContain(secret);
  }, 120_000);

  it('lets nobody pass when Upblit is away', async () => {
    const closed = await start({ upblit: '127.0.0.1:1', upstream: upstream.address });
    const { status } = await request(`http://127.0.0.1:${closed.port}`).get('/').set('x-api-key', good.key);
    await closed.stop();
    expect([502, 503]).toContain(status);
    expect(seen()).toBeUndefined();
  });
});
