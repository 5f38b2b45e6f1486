import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { servingUrlOf } from '../support/database.js';
import { PASSWORD } from '../support/sign-in.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY, TestApp } from '../support/test-app.js';

const ROOT = join(import.meta.dirname, '../..');

interface Outcome {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

describe('npm run account', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { LOCAL_ACCOUNTS: 'invite' } });
  });
  afterAll(() => app.stop());

  /** What `npm run account` runs when everything is built, on the machine of a service in production. */
  function command(args: string[], more: Record<string, string> = {}): Promise<Outcome> {
    const hooks = pathToFileURL(join(ROOT, 'test/support/typescript.mjs')).href;
    const env = {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      DATABASE_URL: servingUrlOf(app.database.url),
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      ...more,
    };
    return new Promise((resolve) => {
      const file = join(ROOT, 'src/process/account.ts');
      execFile(process.execPath, ['--import', hooks, file, ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stdout, stderr });
      });
    });
  }

  const post = (path: string, body: object): request.Test => request(app.http).post(path).send(body);

  it('leads from nobody to somebody, to a new password, out, and in again', async () => {
    const email = `${randomUUID()}@example.org`;
    const invited = await command(['invite', email]);
    expect(invited).toMatchObject({ code: 0, stdout: expect.stringMatching(/^upblit_ot_[\w-]{43}\n$/) });
    const invitation = invited.stdout.trim();
    const registered = await post('/auth/register', { email, password: PASSWORD, invitation }).expect(201);

    const token = (await command(['reset', email])).stdout.trim();
    const password = 'a longer walk in the mountains';
    await post('/auth/password/reset', { token, password }).expect(204);
    const { body } = await post('/auth/login', { email, password }).expect(200);

    expect(await command(['disable', email])).toMatchObject({ code: 0, stdout: '' });
    // At once, in the process that serves.
    const me = await request(app.http).get('/auth/me').auth(body.accessToken, { type: 'bearer' });
    expect(me.status).toBe(401);
    expect((await post('/auth/login', { email, password })).body.code).toBe('account_disabled');
    expect(await command(['enable', email])).toMatchObject({ code: 0, stdout: '' });
    await post('/auth/login', { email, password }).expect(200);
    expect(registered.body.user.email).toBe(email);
  }, 120_000);

  it.each([
    [[], /Usage: /],
    [['destroy', 'ann@example.org'], /Usage: /],
    [['constructor', 'ann@example.org'], /Usage: /],
    [['invite'], /invite takes the email/],
    [['invite', 'ann'], /invite takes the email/],
    [['invite', 'ann@example.org\n'], /invite takes the email/],
    [['invite', 'ann@example.org', 'bob@example.org'], /One account at a time/],
    [['reset', '--now', 'ann@example.org'], /Unknown option/],
    [['reset', 'nobody@example.org'], /invite them/],
    [['disable', 'nobody@example.org'], /invite them/],
  ])('says of %j what is wrong with it', async (args, message) => {
    const outcome = await command(args);
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('is of no use where there are no accounts', async () => {
    const outcome = await command(['invite', 'ann@example.org'], { LOCAL_ACCOUNTS: 'off' });
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/LOCAL_ACCOUNTS/) });
  });
});
