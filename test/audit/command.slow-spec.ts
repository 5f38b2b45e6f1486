import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Checkpoints } from '../../src/modules/audit/application/checkpoints.js';
import { Client } from '../support/builders.js';
import { servingUrlOf } from '../support/database.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY, TestApp } from '../support/test-app.js';

const ROOT = join(import.meta.dirname, '../..');
const AUDIT_SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

interface Outcome {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

let app: TestApp;
let owner: Client;
let applicationId: string;
let scratch: string;

beforeAll(async () => {
  app = await TestApp.start({ env: { AUDIT_SIGNING_KEY } });
  owner = await Client.signedIn(app);
  applicationId = await owner.createApplication();
  for (let i = 0; i < 5; i += 1) await owner.issueKey(applicationId);
  scratch = await mkdtemp(join(tmpdir(), 'upblit-audit-'));
});
afterAll(async () => {
  await app.stop();
  await rm(scratch, { recursive: true });
});

/** What `npm run audit:…` runs when everything is built. */
function command(
  args: string[],
  more: Record<string, string> = {},
  meanwhile: (child: ChildProcess) => void = () => undefined,
): Promise<Outcome> {
  const hooks = pathToFileURL(join(ROOT, 'test/support/typescript.mjs')).href;
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: servingUrlOf(app.database.url),
    API_KEY_PEPPERS: TEST_PEPPERS,
    JWT_SIGNING_KEY: TEST_SIGNING_KEY,
    AUDIT_SIGNING_KEY,
    ...more,
  };
  return new Promise((resolve) => {
    const file = join(ROOT, 'src/process/audit.ts');
    const run = ['--import', hooks, file, ...args];
    const child = execFile(process.execPath, run, { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
    meanwhile(child);
  });
}

async function seal(): Promise<void> {
  await app.query(`UPDATE audit_unsealed SET since = since - interval '2 hours'`);
  await app.nest.get(Checkpoints, { strict: false }).run();
}

/** As somebody who has the database's superuser. */
async function tamper(statement: string): Promise<void> {
  await app.query('ALTER TABLE audit_events DISABLE TRIGGER ALL');
  await app.query(statement);
  await app.query('ALTER TABLE audit_events ENABLE TRIGGER ALL');
}

describe('npm run audit:verify, audit:export and audit:prune', () => {
  it('find nothing in what nobody has touched, in the database and in an export alone', async () => {
    await seal();
    expect(await command(['verify'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('as it was written'),
    });
    const exported = await command(['export', applicationId]);
    expect(exported.code).toBe(0);
    const file = join(scratch, 'export.ndjson');
    await writeFile(file, exported.stdout);
    const jwks = join(scratch, 'jwks.json');
    await writeFile(jwks, await (await fetch(`http://127.0.0.1:${app.port}/.well-known/jwks.json`)).text());
    // Neither a database nor a configuration is there.
    const alone = { DATABASE_URL: '', API_KEY_PEPPERS: '', JWT_SIGNING_KEY: '', AUDIT_SIGNING_KEY: '' };
    const verified = await command(['verify', file, '--jwks', jwks], alone);
    expect(verified).toMatchObject({ code: 0, stderr: expect.stringContaining('6 events of 1 chain ') });
    await writeFile(file, (await readFile(file, 'utf8')).replace('"seq":3', '"seq":33'));
    expect(await command(['verify', file, '--jwks', jwks], alone)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${applicationId} 3: `),
    });
  }, 120_000);

  it('print nothing of an export that would act on a terminal', async () => {
    const file = join(scratch, 'hostile.ndjson');
    const [entry = ''] = (await command(['export', applicationId])).stdout.split('\n');
    const hostile = {
      ...(JSON.parse(entry) as object),
      chain: '\u001b[1A\u001b[2KEverything is as it was written.\n',
    };
    await writeFile(file, `${JSON.stringify(hostile)}\n`);
    const { code, stderr } = await command(['verify', file]);
    expect(code).toBe(1);
    expect(stderr).toContain(String.raw`\u001b[1A`);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toMatch(/^Everything/m);
  }, 120_000);

  it('export every chain, and as OCSF', async () => {
    const { code, stdout } = await command(['export', '--format', 'ocsf']);
    expect(code).toBe(0);
    const classes = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { class_uid: number }).class_uid);
    expect(new Set(classes)).toEqual(new Set([3001, 3002, 6003]));
  }, 120_000);

  it('end without a word when nobody reads what they print any more', async () => {
    await owner.createApplication();
    const outcome = await command(['export'], {}, ({ stdout }) => stdout?.destroy());
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);

  it('say how they are called, on stdout and without a mistake', async () => {
    const { code, stdout, stderr } = await command(['verify', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: npm run audit:verify/);
  }, 120_000);

  it('refuse a chain that there cannot be', async () => {
    const { code, stderr } = await command(['export', 'service-16']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('service-00 to service-15')]);
  }, 120_000);

  it('delete what is old with the role that owns the tables alone, and what is left can be verified', async () => {
    const id = await owner.createApplication();
    for (let i = 0; i < 3; i += 1) await owner.issueKey(id);
    await seal();
    await owner.issueKey(id);
    const args = ['prune', '--before', new Date().toISOString(), id];
    expect(await command(args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('DATABASE_MIGRATION_URL'),
    });
    const pruned = await command(args, { DATABASE_MIGRATION_URL: app.database.url });
    expect(pruned).toMatchObject({ code: 0, stderr: expect.stringContaining('4 events were deleted') });
    const rows = await app.query(
      `SELECT seq::int AS seq, event ->> 'action' AS action, event #>> '{actor,subject}' AS actor
         FROM audit_events WHERE chain = $1 ORDER BY seq`,
      [id],
    );
    expect(rows).toEqual([
      { seq: 5, action: 'ApiKeyIssued', actor: owner.userId },
      { seq: 6, action: 'AuditTrailPruned', actor: 'operator' },
    ]);
    expect((await command(['verify'])).code).toBe(0);
    const exported = join(scratch, 'pruned.ndjson');
    await writeFile(exported, (await command(['export', id])).stdout);
    expect((await command(['verify', exported])).code).toBe(0);
  }, 120_000);

  it.each([
    [[], /Usage: /],
    [['verify', '--all'], /takes no --all/],
    [['verify', '/no/such/file'], /cannot be read/],
    [['verify', '--jwks', '/no/such/file'], /cannot be read/],
    [['export', 'everything'], /A chain is/],
    [['prune', '--before', 'soon', '--all'], /--before takes/],
    [['prune', '--before', '2999-01-01T00:00:00Z', '--all'], /a time that is over/],
    [['prune', '--before', '2026-01-01T00:00:00Z'], /Name one chain/],
  ])(
    '%j is refused with the reason',
    async (args, reason) => {
      expect(await command(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(reason) });
    },
    60_000,
  );

  it('find what somebody has done who may do anything to the database', async () => {
    await tamper(
      `UPDATE audit_events SET event = '{"action":"Nothing"}' WHERE chain = '${applicationId}' AND seq = 4`,
    );
    const edited = await command(['verify']);
    expect(edited).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${applicationId} 4: Event 4 was edited.`),
    });
  }, 60_000);

  it('find a tail that is missing together with its checkpoint by what the log says of it', async () => {
    const id = await owner.createApplication();
    await owner.issueKey(id);
    await seal();
    const [{ hash }] = (await app.query(
      `SELECT encode(hash, 'hex') AS hash FROM audit_events WHERE chain = $1 AND seq = 2`,
      [id],
    )) as [{ hash: string }];
    const log = join(scratch, 'log');
    await writeFile(log, `{"msg":"Checkpoint of the audit trail: event 2 of ${id} has the hash ${hash}"}\n`);
    await tamper(`DELETE FROM audit_events WHERE chain = '${id}' AND seq = 2`);
    await app.query('ALTER TABLE audit_checkpoints DISABLE TRIGGER ALL');
    await app.query('DELETE FROM audit_checkpoints WHERE chain = $1', [id]);
    expect((await command(['verify'])).stderr).not.toContain(id);
    expect(await command(['verify', '--checkpoints', log])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${id} 2: Event 2 is missing`),
    });
  }, 60_000);
});
