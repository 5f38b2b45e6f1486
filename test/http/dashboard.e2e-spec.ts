import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import request, { type Response } from 'supertest';
import { rawHttp } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const PAGE = '<!doctype html><title>Dashboard</title>';
const SCRIPT = `export const text = '${'x'.repeat(500)}';\n`;
const SCRIPT_PATH = '/dashboard/assets/index-AbCd1234.js';

let directory: string;
let app: TestApp;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'upblit-dashboard-'));
  const files = join(directory, 'dist');
  await mkdir(join(files, 'assets'), { recursive: true });
  const script = join(files, 'assets/index-AbCd1234.js');
  await writeFile(join(directory, 'secret.html'), 'not of the dashboard');
  await writeFile(join(files, 'index.html'), PAGE);
  await writeFile(join(files, 'build.json'), '{}');
  await writeFile(script, SCRIPT);
  await writeFile(`${script}.br`, brotliCompressSync(SCRIPT));
  await writeFile(`${script}.gz`, gzipSync(SCRIPT));
  app = await TestApp.start({ dashboard: files });
});
afterAll(async () => {
  await app.stop();
  await rm(directory, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}): request.Test =>
  request(app.http).get(path).set(headers);

function expectProblem(answer: Response, status: number, code: string): void {
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.headers['content-type']).toContain('application/problem+json');
}

describe('the dashboard', () => {
  it.each(['/dashboard', '/dashboard/', '/dashboard/applications/x/keys', '/dashboard/sign-in?from=x'])(
    'is one page, at each of its addresses: %s',
    async (path) => {
      const answer = await get(path);
      expect([answer.status, answer.text]).toEqual([200, PAGE]);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
      });
    },
  );

  it('lets nothing run that is not a file of the service, and nothing of it be framed', async () => {
    for (const path of ['/dashboard', SCRIPT_PATH]) {
      const { headers } = await get(path);
      const policy = headers['content-security-policy']!.split(';');
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "connect-src 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
          "form-action 'none'",
          "require-trusted-types-for 'script'",
          "trusted-types 'none'",
        ]),
      );
      expect(headers['content-security-policy']).not.toMatch(/unsafe|http|data:|\*/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'strict-transport-security': expect.anything(),
        'x-request-id': expect.anything(),
      });
    }
  });

  it('says who may make an account, to everybody and to no cache', async () => {
    const answer = await get('/dashboard/settings.json');
    expect([answer.status, answer.body]).toEqual([200, { accounts: 'open', mails: false, provider: null }]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    });
    for (const [env, settings] of [
      [
        { LOCAL_ACCOUNTS: 'invite', SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'keys@example.com' },
        { accounts: 'invite', mails: true, provider: null },
      ],
      [
        { LOCAL_ACCOUNTS: 'off', SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'keys@example.com' },
        { accounts: 'off', mails: false, provider: null },
      ],
    ] as const) {
      const other = await TestApp.start({ dashboard: join(directory, 'dist'), database: app.database, env });
      try {
        expect((await request(other.http).get('/dashboard/settings.json')).body).toEqual(settings);
      } finally {
        await other.stop();
      }
    }
  });

  it('lets hashed files be kept for good', async () => {
    const answer = await get(SCRIPT_PATH);
    expect([answer.status, answer.text]).toEqual([200, SCRIPT]);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
  });

  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['', undefined],
    [';;,q=,=', undefined],
  ])('sends what was compressed by the build to whoever takes it: %j', async (accepted, coding) => {
    const answer = await get(SCRIPT_PATH, { 'accept-encoding': accepted });
    expect(answer.headers['content-encoding']).toBe(coding);
    expect(answer.text).toBe(SCRIPT);
  });

  it('sends nothing again that the browser has', async () => {
    for (const path of ['/dashboard', SCRIPT_PATH]) {
      const { headers } = await get(path);
      for (const known of [headers.etag!, `W/${headers.etag!}`, `"other", ${headers.etag!}`, '*']) {
        const answer = await get(path, { 'if-none-match': known });
        expect([answer.status, answer.text]).toEqual([304, '']);
        expect(answer.headers).toMatchObject({
          etag: headers.etag,
          'cache-control': headers['cache-control'],
          vary: headers.vary,
        });
      }
      expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  it('has another entity tag for each encoding', async () => {
    const tags = await Promise.all(
      ['br', 'gzip', 'identity'].map(
        async (coding) => (await get(SCRIPT_PATH, { 'accept-encoding': coding })).headers.etag,
      ),
    );
    expect(new Set(tags).size).toBe(3);
  });

  it('answers HEAD as GET, without a body', async () => {
    for (const path of ['/dashboard', '/dashboard/applications', SCRIPT_PATH]) {
      const encoding = { 'accept-encoding': 'br' };
      const answer = await request(app.http).head(path).set(encoding);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-length']).toBe((await get(path, encoding)).headers['content-length']);
      expect(answer.text).toBeUndefined();
    }
  });

  it.each(['post', 'put', 'patch', 'delete'] as const)('takes no other method: %s', async (method) => {
    for (const path of ['/', '/dashboard', '/dashboard/applications', SCRIPT_PATH]) {
      const answer = await request(app.http)[method](path);
      expectProblem(answer, 405, 'method_not_allowed');
      expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS');
    }
  });

  it.each([
    '/dashboard/assets/index-AbCd1234.js.br',
    '/dashboard/assets/unknown.js',
    '/dashboard/assets/',
    '/dashboard/assets/../index.html',
    '/dashboard/assets/%2e%2e/secret.html',
    '/dashboard/index.html',
  ])('has no file that is none of it: %s', async (path) => {
    expectProblem(await get(path, { accept: 'text/html' }), 404, 'not_found');
  });

  it.each([
    '/dashboard/../secret.html',
    '/dashboard/..%2fsecret.html',
    '/dashboard/%2e%2e/secret.html',
    '/dashboard/%2e%2e%2fsecret.html',
    '/dashboard/..%5csecret.html',
    '/dashboard//secret.html',
    '/dashboard/%00secret.html',
    '/dashboard/build.json',
    '/dashboard/constructor',
    '/dashboard/__proto__',
  ])('never sends what lies beside it: %s', async (path) => {
    const text = await rawHttp(app.port, [`GET ${path} HTTP/1.1`, 'Host: x']);
    expect(text).not.toContain('not of the dashboard');
    expect(text).toMatch(/^HTTP\/1\.1 (200|404) /);
    if (text.startsWith('HTTP/1.1 200')) expect(text).toContain(PAGE);
  });

  it('is where a browser is led to, and nobody else', async () => {
    const browser = await get('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect([browser.status, browser.headers.location, browser.headers.vary]).toEqual([
      302,
      '/dashboard',
      'accept',
    ]);
    for (const accept of ['*/*', 'application/json', '']) {
      expectProblem(await get('/', { accept }), 404, 'not_found');
    }
  });

  it('opens no route of the service', async () => {
    for (const path of ['/applications', '/apikey', '/auth/me']) {
      const answer = await get(path, { accept: 'text/html', referer: 'http://localhost/dashboard' });
      expect(answer.status).toBe(401);
    }
  });
});

describe('without the dashboard', () => {
  it.each([
    ['that is switched off', { env: { DASHBOARD: 'off' } }],
    ['that was not built', { dashboard: '/nowhere' }],
  ])('%s, its paths are unknown', async (_, options) => {
    const without = await TestApp.start({
      dashboard: join(directory, 'dist'),
      database: app.database,
      ...options,
    });
    try {
      for (const path of ['/', '/dashboard', '/dashboard/', SCRIPT_PATH]) {
        expectProblem(await request(without.http).get(path).set('accept', 'text/html'), 404, 'not_found');
      }
    } finally {
      await without.stop();
    }
  });
});
