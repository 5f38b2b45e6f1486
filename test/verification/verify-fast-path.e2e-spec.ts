import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connect } from 'node:net';
import { once } from 'node:events';
import { VerifyFastPath } from '../../src/modules/verification/http/verify.fast-path.js';
import { Client, verify } from '../support/builders.js';
import { sendRaw, type RawAnswer } from '../support/raw-socket.js';
import { TestApp } from '../support/test-app.js';
import { comparable, postVerify, requestText, type VerifyPost } from '../support/verify-post.js';

describe('the fast path of a verification', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let keys: Record<'plain' | 'cold' | 'revoked' | 'scoped' | 'limited' | 'credited' | 'foreign', string>;

  beforeAll(async () => {
    app = await TestApp.start({
      env: { VERIFY_LEASE_MS: '10000', CORS_ORIGINS: 'https://dashboard.example' },
    });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
    const issue = async (body?: object): Promise<string> => (await owner.issueKey(applicationId, body)).key;
    const revoked = await owner.issueKey(applicationId);
    keys = {
      plain: await issue({ name: 'Zoë ✓', metadata: { plan: 'größer' }, expiresAt: inDays(1) }),
      cold: await issue(),
      revoked: revoked.key,
      scoped: await issue({ scopes: ['orders:*'] }),
      limited: await issue({ rateLimits: [{ name: 'minute', limit: 1000, windowSeconds: 60 }] }),
      credited: await issue({ credits: { remaining: 1000 } }),
      foreign: 'upblit_live_000000000000000000000000000000000000',
    };
    // The first request of a process always takes the slow path.
    await verify(app, keys.plain);
    await owner.delete(`/apikey/${revoked.id}`).expect(204);
  });
  afterAll(() => app.stop());

  it.each<[string, (all: typeof keys) => unknown]>([
    ['a good key', ({ plain }) => ({ key: plain })],
    ['a key that was not asked for before', ({ cold }) => ({ key: cold })],
    ['a revoked key', ({ revoked }) => ({ key: revoked })],
    ['a key of another application', ({ plain }) => ({ key: plain, applicationId: crypto.randomUUID() })],
    [
      'an application in capitals',
      ({ plain }) => ({ key: plain, applicationId: applicationId.toUpperCase() }),
    ],
    ['a scope that it has', ({ scoped }) => ({ key: scoped, scopes: ['orders:read'] })],
    ['a scope that it lacks', ({ scoped }) => ({ key: scoped, scopes: ['users:read'] })],
    ['an unknown key', ({ foreign }) => ({ key: foreign })],
    ['an empty key', () => ({ key: '' })],
    ['a key that is far too long', () => ({ key: 'x'.repeat(5000) })],
    ['a key that is no string', () => ({ key: 1 })],
    ['no key', () => ({})],
    ['a field that is not known', ({ plain }) => ({ key: plain, more: true })],
    ['an address that is none', ({ plain }) => ({ key: plain, ip: 'localhost' })],
    ['a list', () => []],
    ['null', () => null],
    ['a string', () => 'key'],
  ])('is answered as on the slow path: %s', async (_, bodyOf) => {
    const body = JSON.stringify(bodyOf(keys));
    const fast = await post({ body });
    expect(comparable(fast)).toEqual(comparable(await post({ body, path: 'slow' })));
  });

  it.each<[string, string | Buffer]>([
    ['no JSON', '{'],
    ['nothing', ''],
    // With a replacement character in their place it would be a good question about another key.
    ['bytes that are not UTF-8', Buffer.from('{"key":"\xff"}', 'latin1')],
    ['half a character at the end of a string', Buffer.from('{"key":"\xe2\x9c"}', 'latin1')],
    ['a prototype', '{"key":"","__proto__":{"admin":true}}'],
    ['more than the fast path reads', JSON.stringify({ key: 'x'.repeat(20_000) })],
    ['more than anybody reads', JSON.stringify({ key: 'x'.repeat(70_000) })],
  ])('is answered as on the slow path: %s', async (_, body) => {
    const fast = await post({ body });
    expect(comparable(fast)).toEqual(comparable(await post({ body, path: 'slow' })));
  });

  it.each(['limited', 'credited'] as const)(
    'says in the same headers what is left of a %s key',
    async (name) => {
      const body = JSON.stringify({ key: keys[name], cost: 0 });
      const [fast, slow] = [await post({ body }), await post({ body, path: 'slow' })];
      expect(Object.keys(fast.headers)).toEqual(
        expect.arrayContaining([name === 'limited' ? 'ratelimit' : 'x-credits-remaining']),
      );
      expect(namesOf(fast)).toEqual(namesOf(slow));
      expect(Object.keys(JSON.parse(fast.body) as object)).toEqual(
        Object.keys(JSON.parse(slow.body) as object),
      );
    },
  );

  it('is taken by what is plain, and by nothing else', async () => {
    const answer = jest.spyOn(app.nest.get(VerifyFastPath, { strict: false }), 'answer');
    const body = JSON.stringify({ key: keys.plain });
    await post({ body });
    expect(answer).toHaveBeenCalledTimes(1);
    await post({ body, path: 'slow' });
    expect(answer).toHaveBeenCalledTimes(1);
    answer.mockRestore();
  });

  it('is not taken where headers decide how a request is answered', async () => {
    const body = JSON.stringify({ key: keys.plain });
    for (const header of ['Host: another', 'Expect: the-unexpected', 'Content-Encoding: gzip']) {
      const { status, headers } = await post({ body, headers: [header] });
      expect({ header, isRefused: status >= 400 }).toEqual({ header, isRefused: true });
      expect(headers['content-type']).toContain('application/problem+json');
    }
  });

  it('is not taken for a page of another origin, which may read the answer', async () => {
    const origin = 'https://dashboard.example';
    const open = await TestApp.start({ env: { CORS_ORIGINS: origin }, database: app.database });
    await verify(open, keys.plain);
    const answer = await sendRaw(
      open.port,
      requestText({ body: JSON.stringify({ key: keys.plain }), headers: [`Origin: ${origin}`] }),
    );
    await open.stop();
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
  });

  it('takes a body that arrives in pieces', async () => {
    const body = JSON.stringify({ key: keys.plain });
    const request = requestText({ body });
    const socket = connect({ host: '127.0.0.1', port: app.port, noDelay: true });
    for (const piece of [request.slice(0, -10), request.slice(-10, -3), request.slice(-3)]) {
      await new Promise((resolve) => socket.write(piece, resolve));
    }
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toContain('"code":"VALID"');
    socket.destroy();
  });

  it('lives through a client that leaves in the middle of a body', async () => {
    const request = requestText({ body: JSON.stringify({ key: keys.plain }) });
    const socket = connect({ host: '127.0.0.1', port: app.port, noDelay: true });
    await new Promise((resolve) => socket.write(request.slice(0, -5), resolve));
    socket.resetAndDestroy();
    expect(await verify(app, keys.plain)).toMatchObject({ valid: true });
  });

  it('answers in turn what one connection asks without waiting', async () => {
    const ask = (key: string): string =>
      requestText({ body: JSON.stringify({ key }), connection: 'keep-alive' });
    const text =
      ask(keys.plain) + ask(keys.revoked) + requestText({ body: JSON.stringify({ key: keys.foreign }) });
    const answers = await exchange(app.port, text);
    expect(answers.match(/"code":"\w+"/g)).toEqual([
      '"code":"VALID"',
      '"code":"REVOKED"',
      '"code":"NOT_FOUND"',
    ]);
  });

  it('counts the requests of both paths together', async () => {
    const body = JSON.stringify({ key: keys.plain });
    const before = await counted(app);
    await post({ body });
    await post({ body, path: 'slow' });
    expect((await counted(app)) - before).toBe(2);
  });

  it('takes the id of a request along, and makes one', async () => {
    const body = JSON.stringify({ key: keys.plain });
    expect((await post({ body, headers: ['X-Request-Id: abc'] })).headers['x-request-id']).toBe('abc');
    expect((await post({ body })).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  function post(what: VerifyPost): Promise<RawAnswer> {
    return postVerify(app.port, what);
  }
});

/** All that comes back until the server ends the connection. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let answers = '';
  socket.on('data', (chunk: Buffer) => (answers += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  return answers;
}

function namesOf(answer: RawAnswer): string[] {
  return Object.keys((comparable(answer) as RawAnswer).headers).sort();
}

function inDays(days: number): string {
  return new Date(Date.now() + days * 24 * 3600 * 1000).toISOString();
}

async function counted(app: TestApp): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${app.port}/metrics`)).text();
  const [, count = ''] =
    /upblit_http_requests_total\{method="POST",route="\/apikey\/verify",status="200"\} (\d+)/.exec(text) ??
    [];
  return Number(count);
}
