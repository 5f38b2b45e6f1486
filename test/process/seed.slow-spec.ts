import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { servingUrlOf } from '../support/database.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY, TestApp } from '../support/test-app.js';

const ROOT = join(import.meta.dirname, '../..');

interface Outcome {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

describe('npm run seed', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  /** What `npm run seed` runs when everything is built. */
  function seed(variables: Record<string, string> = {}, ...args: string[]): Promise<Outcome> {
    const hooks = pathToFileURL(join(ROOT, 'test/support/typescript.mjs')).href;
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: servingUrlOf(app.database.url),
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      ...variables,
    };
    return new Promise((resolve) => {
      const file = join(ROOT, 'src/process/seed.ts');
      execFile(process.execPath, ['--import', hooks, file, ...args], { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stdout, stderr });
      });
    });
  }

  const accounts = async (): Promise<unknown> => (await app.query('SELECT count(*)::int AS n FROM users'))[0];

  it('fills a development database, says how far it is and where to sign in, and does it once', async () => {
    const outcome = await seed({ DATABASE_MIGRATION_URL: app.database.url });
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringMatching(/40 of 40 keys[^]*Done in/) });
    expect(outcome.stdout).toContain('/dashboard');
    const password = /Password {2}(\S+)/.exec(outcome.stdout)?.[1];
    const { body } = await request(app.http)
      .post('/auth/login')
      .send({ email: 'demo@example.com', password })
      .expect(200);
    const get = (path: string): request.Test =>
      request(app.http).get(path).set('Authorization', `Bearer ${body.accessToken}`).expect(200);

    const [application] = (await get('/applications')).body.data;
    const keys = (await get(`/apikey?ApplicationId=${application.id}&limit=100`)).body.data;
    expect(keys).toHaveLength(40);
    const statuses = keys.map(({ status }: { status: string }) => status);
    expect(new Set(statuses)).toEqual(new Set(['active', 'disabled', 'expired', 'revoked']));
    expect((await get(`/applications/${application.id}/service-keys`)).body.data).toHaveLength(3);

    // The audit trail tells the same ages, and holds together.
    const trail = (await get(`/applications/${application.id}/audit?action=ApiKeyIssued&limit=100`)).body
      .data as { time: string; target: { id: string } }[];
    expect(trail).toHaveLength(40);
    const told = new Map(trail.map(({ time, target }) => [target.id, time]));
    expect(keys.map(({ id }: { id: string }) => told.get(id))).toEqual(
      keys.map(({ createdAt }: { createdAt: string }) => createdAt),
    );
    const chained = await app.query(
      `SELECT count(*)::int AS broken FROM (
         SELECT previous IS DISTINCT FROM lag(hash) OVER (ORDER BY seq)
                OR hash <> sha256(convert_to(audit_entry(chain, seq, at, event::text, previous), 'UTF8')) AS is_broken
           FROM audit_events WHERE chain = $1) AS e WHERE is_broken`,
      [application.id],
    );
    expect(chained).toEqual([{ broken: 0 }]);
    await expect(app.query('UPDATE audit_events SET at = now()')).rejects.toThrow('never changed');

    const from = new Date(Date.now() - 89 * 86_400_000).toISOString();
    const usage = (await get(`/applications/${application.id}/usage?from=${from}`)).body;
    const days = usage.buckets.map(({ counts }: { counts: { VALID: number } }) => counts.VALID);
    expect(days).toHaveLength(90);
    expect(Math.min(...days.slice(1, -1))).toBeGreaterThan(50_000);
    expect(usage.counts).toMatchObject({
      REVOKED: expect.any(Number),
      RATE_LIMITED: expect.any(Number),
      NOT_FOUND: 0,
    });
    expect((await get(`/applications/${application.id}/denials`)).body.data.length).toBeGreaterThan(5);

    // What has made all this is signed in no more.
    expect((await get('/auth/sessions')).body.data).toHaveLength(1);

    const before = await accounts();
    expect(await seed()).toMatchObject({ code: 1, stderr: expect.stringContaining('already') });
    expect(await accounts()).toEqual(before);
  }, 120_000);

  it.each([
    [{ NODE_ENV: 'production' }, [], /no place in production/],
    [{}, ['--email', 'nobody'], /--email takes/],
  ])(
    'refuses %j %j and changes nothing',
    async (variables, args, reason) => {
      const before = await accounts();
      const refused = await seed(variables, ...args);
      expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(reason) });
      expect(await accounts()).toEqual(before);
    },
    60_000,
  );
});
