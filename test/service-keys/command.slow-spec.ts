import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, UNKNOWN_ID } from '../support/builders.js';
import { servingUrlOf } from '../support/database.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY, TestApp } from '../support/test-app.js';

const ROOT = join(import.meta.dirname, '../..');

interface Outcome {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

describe('npm run service-key', () => {
  let app: TestApp;
  let key: string;

  beforeAll(async () => {
    app = await TestApp.start();
    const owner = await Client.signedIn(app);
    ({ key } = await owner.issueKey(await owner.createApplication()));
  });
  afterAll(() => app.stop());

  /** What `npm run service-key` runs when everything is built. */
  function command(...args: string[]): Promise<Outcome> {
    const hooks = pathToFileURL(join(ROOT, 'test/support/typescript.mjs')).href;
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: servingUrlOf(app.database.url),
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
    };
    return new Promise((resolve) => {
      const file = join(ROOT, 'src/process/service-key.ts');
      execFile(process.execPath, ['--import', hooks, file, ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stdout, stderr });
      });
    });
  }

  const codeWith = async (serviceKey: string): Promise<unknown> => {
    const call = request(app.http).post('/apikey/verify').set('Authorization', `Bearer ${serviceKey}`);
    return (await call.send({ key })).body.code;
  };

  it('makes a key that verifies the keys of every application, lists, rotates and revokes it', async () => {
    const created = await command('create', '--name', 'ingest', '--scopes', 'keys:verify');
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^upblit_service_\w{36}\n$/) });
    const first = created.stdout.trim();
    expect(await codeWith(first)).toBe('VALID');
    const listed = await command('list');
    const line = listed.stdout.split('\n').find((one) => one.endsWith('\tingest'))!;
    const [id = '', status, hint] = line.split('\t');
    expect([status, hint]).toEqual(['active', `upblit_service_…${first.slice(-4)}`]);
    expect(listed.stdout).not.toContain(first);

    const rotated = await command('rotate', id);
    const second = rotated.stdout.trim();
    expect([await codeWith(first), await codeWith(second)]).toEqual(['invalid_service_key', 'VALID']);
    expect(await command('revoke', id)).toMatchObject({ code: 0, stdout: '' });
    expect(await codeWith(second)).toBe('invalid_service_key');
    const [row] = await app.query(
      'SELECT revoked_by_issuer, revoked_by_subject FROM api_keys WHERE id = $1',
      [id],
    );
    expect(row).toEqual({ revoked_by_issuer: 'system', revoked_by_subject: 'operator' });
  }, 120_000);

  it.each([
    [[], /Usage: /],
    [['create'], /--name takes/],
    [['create', '--name', 'x'], /--scopes takes keys:verify/],
    [['create', '--name', 'x', '--scopes', 'apikeys:write'], /--scopes takes keys:verify/],
    [['create', '--name', 'x', '--scopes', 'keys:verify', '--expires-at', 'soon'], /--expires-at takes/],
    [['list', '--name', 'x'], /list takes no --name/],
    [['revoke', 'nonsense'], /first column/],
    [['revoke', UNKNOWN_ID], /use the id of one of them/],
    [['rotate', UNKNOWN_ID, '--overlap-seconds', '-1'], /argument is ambiguous|takes 0 to/],
    [['rotate', UNKNOWN_ID, '--overlap-seconds', '9999999'], /takes 0 to/],
    [['destroy'], /Usage: /],
    [['list', '--quiet'], /Unknown option/],
  ])('says of %j what is wrong with it', async (args, message) => {
    const outcome = await command(...args);
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
  });
});
