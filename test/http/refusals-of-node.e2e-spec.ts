import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sendRaw, type RawAnswer } from '../support/raw-socket.js';
import { TestApp } from '../support/test-app.js';
import { SERVICE_KEY } from '../support/service-key.js';

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start({ env: { HEADERS_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '600' } });
});
afterAll(() => app.stop());

function expectProblem(answer: RawAnswer, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(answer.headers['x-request-id']).toBeDefined();
  const problem = JSON.parse(answer.body) as Record<string, unknown>;
  expect(problem).toMatchObject({ status, code, requestId: answer.headers['x-request-id'] });
  expect(answer.body).not.toMatch(/HPE_|Parse Error|node:/);
}

function send(...lines: string[]): Promise<RawAnswer> {
  return sendRaw(app.port, lines.join('\r\n'));
}

describe('what Node would refuse in its own words is answered with a problem document', () => {
  it.each([
    ['garbage', ['\u0000\u0001garbage', '', '']],
    ['an unknown method', ['NONSENSE / HTTP/1.1', 'Host: x', '', '']],
    ['a malformed header', ['GET / HTTP/1.1', 'Host: x', 'No colon here', '', '']],
    ['white space before a colon', ['GET / HTTP/1.1', 'Host : x', '', '']],
    ['a malformed version', ['GET / HTTP/9.9', 'Host: x', '', '']],
    ['a malformed length', ['POST /apikey/verify HTTP/1.1', 'Host: x', 'Content-Length: 1x', '', '{']],
    [
      'two lengths',
      ['POST /apikey/verify HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Content-Length: 2', '', '{}'],
    ],
    [
      'a length beside a transfer coding',
      [
        'POST /apikey/verify HTTP/1.1',
        'Host: x',
        'Content-Length: 2',
        'Transfer-Encoding: chunked',
        '',
        '0',
        '',
        '',
      ],
    ],
    [
      'an unknown transfer coding',
      ['POST /apikey/verify HTTP/1.1', 'Host: x', 'Transfer-Encoding: gzip', '', ''],
    ],
    [
      'a malformed chunk',
      ['POST /apikey/verify HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked', '', 'xyz', '', ''],
    ],
    ['CONNECT', ['CONNECT example.com:443 HTTP/1.1', 'Host: example.com', '', '']],
  ])('malformed HTTP: %s', async (_, lines) => {
    expectProblem(await send(...lines), 400, 'invalid_request');
  });

  const POST = [
    'POST /apikey/verify HTTP/1.1',
    'Host: x',
    `Authorization: Bearer ${SERVICE_KEY}`,
    'Content-Type: application/json',
  ];
  const CHUNKED = [...POST, 'Transfer-Encoding: chunked', ''];
  const BODY = '{"key":"any"}';

  it.each([
    ['Transfer-Encoding: chunked, gzip', [...POST, 'Transfer-Encoding: chunked, gzip', '', '0', '', '']],
    [
      'Transfer-Encoding: gzip, chunked',
      [...POST, 'Transfer-Encoding: gzip, chunked', '', 'd', BODY, '0', '', ''],
    ],
    ['chunked twice', [...POST, 'Transfer-Encoding: chunked', ...CHUNKED.slice(-2), 'd', BODY, '0', '', '']],
    ['chunked in HTTP/1.0', [...CHUNKED, 'd', BODY, '0', '', ''].map((line) => line.replace('/1.1', '/1.0'))],
    ['another major version', ['GET /health/live HTTP/2.0', 'Host: x', '', '']],
    ['Content-Length: +13', [...POST, 'Content-Length: +13', '', BODY]],
    ['Content-Length: -1', [...POST, 'Content-Length: -1', '', BODY]],
    ['Content-Length: 13, 13', [...POST, 'Content-Length: 13, 13', '', BODY]],
    ['Content-Length: 0xd', [...POST, 'Content-Length: 0xd', '', BODY]],
    ['Content-Length without a value', [...POST, 'Content-Length:', '', BODY]],
    ['a length beyond all numbers', [...POST, `Content-Length: ${'9'.repeat(30)}`, '', BODY]],
    ['a chunk with 0x', [...CHUNKED, '0xd', BODY, '0', '', '']],
    ['a chunk of a negative length', [...CHUNKED, '-1', BODY, '0', '', '']],
    ['a chunk beyond all numbers', [...CHUNKED, 'f'.repeat(30), BODY, '0', '', '']],
    ['a chunk that is longer than it says', [...CHUNKED, 'd', `${BODY}XX`, '0', '', '']],
    ['a chunk that ends in a line feed', [...CHUNKED, `d\n${BODY}\n0\n`, '', '']],
    ['a malformed trailer', [...CHUNKED, 'd', BODY, '0', 'X T: 1', '', '']],
    ['a folded header', ['GET /health/live HTTP/1.1', 'Host: x', 'X-A: b', ' c', '', '']],
    ['a space before the first header', ['GET /health/live HTTP/1.1', ' Host: x', '', '']],
    ['line feeds alone', ['GET /health/live HTTP/1.1\nHost: x\n\n']],
    ['a carriage return alone', ['GET /health/live HTTP/1.1', 'Host: x\rX-A: b', '', '']],
    ['a NUL in a header', ['GET /health/live HTTP/1.1', 'Host: x', 'X-A: b\0', '', '']],
    ['no version', ['GET /health/live', '', '']],
    ['a Host that names none', ['GET /health/live HTTP/1.1', 'Host: a b/c', '', '']],
    ['a handshake of TLS', ['\u0016\u0003\u0001\u0000\u002d\u0001', '']],
    ['the preface of HTTP/2', ['PRI * HTTP/2.0', '', 'SM', '', '']],
  ])('framing that RFC 9112 calls an error: %s', async (_, lines) => {
    expectProblem(await send(...lines), 400, 'invalid_request');
  });

  it.each(['/apikey/verify', '/applications'])(
    'a chunk extension of 100 kB, which the client hears in the middle of it: %s',
    async (path) => {
      const [, ...headers] = CHUNKED;
      const head = [`POST ${path} HTTP/1.1`, ...headers, ''].join('\r\n');
      expectProblem(await sendRaw(app.port, `${head}d;a=${'x'.repeat(100_000)}`), 413, 'payload_too_large');
      const whole = `${head}d;a=${'x'.repeat(1_000_000)}\r\n${BODY}\r\n0\r\n\r\n`;
      expectProblem(await sendRaw(app.port, whole), 413, 'payload_too_large');
    },
  );

  it.each([
    ['garbage', 400, 'GARBAGE\r\n\r\n'],
    ['CONNECT', 400, 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an unknown expectation', 417, 'GET / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n'],
  ])('%s behind a request that is good: that one is answered first', async (_, status, text) => {
    const { status: first, body } = await send(
      'POST /apikey/verify HTTP/1.1',
      ...POST.slice(1),
      'Content-Length: 13',
      '',
      BODY + text,
    );
    expect(first).toBe(200);
    expect(body).toMatch(new RegExp(`^\\{"valid":false,"code":"NOT_FOUND"\\}HTTP/1\\.1 ${status} `));
  });

  it.each([
    ['no Host', ['GET /health/live HTTP/1.1', 'Connection: close', '', '']],
    ['two Hosts', ['GET /health/live HTTP/1.1', 'Host: a', 'Host: b', 'Connection: close', '', '']],
  ])('%s', async (_, lines) => {
    expectProblem(await send(...lines), 400, 'invalid_request');
  });

  it('headers over 16 KiB', async () => {
    const padding = `X-Padding: ${'x'.repeat(17 * 1024)}`;
    expectProblem(await send('GET / HTTP/1.1', 'Host: x', padding, '', ''), 431, 'headers_too_large');
  });

  it('a URL over 16 KiB', async () => {
    const line = `GET /${'x'.repeat(17 * 1024)} HTTP/1.1`;
    expectProblem(await send(line, 'Host: x', '', ''), 431, 'headers_too_large');
  });

  it('an unknown expectation', async () => {
    const answer = await send('POST /apikey/verify HTTP/1.1', 'Host: x', 'Expect: magic', '', '');
    expectProblem(answer, 417, 'expectation_failed');
  });

  it('headers that do not arrive in time', async () => {
    expectProblem(await send('GET / HTTP/1.1', 'Host: x', ''), 408, 'request_timeout');
  });

  it('a body that does not arrive in time', async () => {
    const answer = await send(
      'POST /apikey/verify HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 10',
      '',
      '{',
    );
    expectProblem(answer, 408, 'request_timeout');
  });

  it('a body that is announced and far too large, before it is sent', async () => {
    const answer = await send(
      'POST /apikey/verify HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 10000000000',
      '',
      '',
    );
    expectProblem(answer, 413, 'payload_too_large');
  });

  it('a body that is too large and asks first, without a "100 Continue"', async () => {
    const answer = await send(
      'POST /apikey/verify HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 100000',
      'Expect: 100-continue',
      '',
      '',
    );
    expectProblem(answer, 413, 'payload_too_large');
  });

  it.each([
    [200_000, 100],
    [1_100_000, 401],
  ])('a large body of %i bytes that asks first, where up to 1 MiB is taken: %i', async (length, status) => {
    const answer = await send(
      'POST /apikey/import HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      `Content-Length: ${length}`,
      'Expect: 100-continue',
      '',
      '',
    );
    expect(answer.status).toBe(status);
  });

  it('an endless chunked body', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const head = [
      'POST /apikey/verify HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      '',
      '',
    ].join('\r\n');
    expectProblem(await sendRaw(app.port, head + chunk.repeat(40)), 413, 'payload_too_large');
  });
});

describe('HTTP that is unusual, and right, is answered', () => {
  it.each([
    ['HTTP/1.0 without Host', ['GET /health/live HTTP/1.0', '', '']],
    ['the absolute form', ['GET http://x/health/live HTTP/1.1', 'Host: x', 'Connection: close', '', '']],
    [
      'an upgrade that is not taken',
      ['GET /health/live HTTP/1.1', 'Host: x', 'Connection: close, upgrade', 'Upgrade: h2c', '', ''],
    ],
  ])('%s', async (_, lines) => {
    expect((await send(...lines)).status).toBe(200);
  });

  it('a body after "100 Continue"', async () => {
    const answer = await send(
      'POST /apikey/verify HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${SERVICE_KEY}`,
      'Content-Type: application/json',
      'Content-Length: 13',
      'Expect: 100-continue',
      'Connection: close',
      '',
      '{"key":"any"}',
    );
    expect(answer.status).toBe(100);
    expect(answer.body).toContain('"NOT_FOUND"');
  });
});
