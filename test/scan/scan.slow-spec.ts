import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, type CreatedKey } from '../support/builders.js';
import { forgedKey } from '../support/made-up-keys.js';
import { TestApp } from '../support/test-app.js';

const ROOT = join(import.meta.dirname, '../..');

interface Outcome {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

let app: TestApp;
let owner: Client;
let live: CreatedKey;
let revoked: CreatedKey;
let machine: CreatedKey;
let scratch: string;
const forged = forgedKey();

beforeAll(async () => {
  app = await TestApp.start();
  owner = await Client.signedIn(app);
  const applicationId = await owner.createApplication();
  live = await owner.issueKey(applicationId);
  revoked = await owner.issueKey(applicationId);
  machine = await owner.issueServiceKey(applicationId);
  await owner.delete(`/apikey/${revoked.id}`).expect(204);
  scratch = await mkdtemp(join(tmpdir(), 'upblit-scan-'));
});
afterAll(async () => {
  await app.stop();
  await rm(scratch, { recursive: true });
});

/** What `npm run scan` runs when everything is built, called from the scratch directory. */
function scan(...args: string[]): Promise<Outcome> {
  const hooks = pathToFileURL(join(ROOT, 'test/support/typescript.mjs')).href;
  const env = { PATH: process.env.PATH, INIT_CWD: scratch };
  return new Promise((resolve) => {
    const file = join(ROOT, 'src/process/scan.ts');
    execFile(
      process.execPath,
      ['--import', hooks, file, ...args],
      { env, cwd: ROOT },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stdout, stderr });
      },
    );
  });
}

const git = (...args: string[]): void => {
  const as = [
    '-c',
    'user.name=somebody',
    '-c',
    'user.email=somebody@example.com',
    '-c',
    'commit.gpgsign=false',
  ];
  execFileSync('git', [...as, ...args], { cwd: join(scratch, 'repository'), stdio: 'ignore' });
};

const hintOf = (key: string): string => `${key.slice(0, key.lastIndexOf('_') + 1)}…${key.slice(-4)}`;

describe('npm run scan', () => {
  it('finds keys in files below a path, and never prints one', async () => {
    const tree = join(scratch, 'tree');
    await mkdir(join(tree, 'a/.git'), { recursive: true });
    await writeFile(join(tree, 'a/b\u001b[31m.env'), `X=1\nKEY=${live.key}\n`);
    await writeFile(join(tree, 'a/.git/packed'), live.key);
    await writeFile(join(scratch, 'elsewhere'), forged);
    await symlink(join(scratch, 'elsewhere'), join(tree, 'link'));
    await symlink(tree, join(tree, 'loop'));
    execFileSync('mkfifo', [join(tree, 'fifo')]);
    const { code, stdout, stderr } = await scan('tree');
    expect([code, stdout]).toEqual([1, `tree/a/b\\u001b[31m.env:2: ${hintOf(live.key)}\n`]);
    expect(stderr).toMatch(/Looked at 1 file, 0 MiB in all, and found 1 key\.[^]*only it can tell/);
    expect(stdout + stderr).not.toContain(live.key.slice(12, -4));
  });

  it('ends with 0 where there are none, and with 2 where it cannot look, is not told where, or how', async () => {
    await mkdir(join(scratch, 'none'));
    await writeFile(join(scratch, 'none/text'), 'upblit_live_…a1B2');
    expect(await scan('none')).toMatchObject({ code: 0, stdout: '' });
    const attempts = [
      ['missing'],
      ['none', '--ask', 'http://keys.example.com'],
      ['none', '--prefix', 'No'],
      ['git', 'none'],
      [],
    ];
    const outcomes = await Promise.all(attempts.map(async (args) => ({ args, ...(await scan(...args)) })));
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/./) });
  });

  it('finds what a history has ever held, with the commits that brought it, and runs nothing of the repository', async () => {
    const repository = join(scratch, 'repository');
    await mkdir(repository);
    git('init', '--quiet', '--initial-branch=main');
    await writeFile(join(repository, 'config'), `${live.key}\n`);
    git('add', '.');
    git('commit', '--quiet', '--message=first');
    git('rm', '--quiet', 'config');
    await writeFile(
      join(repository, 'big'),
      Buffer.concat([Buffer.alloc(11 * 1024 * 1024), Buffer.from(forged)]),
    );
    git('add', '.');
    git('commit', '--quiet', `--message=second\n\n${machine.key}`);
    git('checkout', '--quiet', '-b', 'side');
    await writeFile(join(repository, 'two words'), `\n${revoked.key}`);
    git('add', '.');
    git('commit', '--quiet', '--message=third');
    git('checkout', '--quiet', 'main');
    git('branch', '--quiet', '-D', 'side');
    const trap = join(scratch, 'trap');
    await writeFile(trap, `#!/bin/sh\necho "$0" >> ${scratch}/sprung\n`);
    await chmod(trap, 0o755);
    for (const setting of [
      'core.fsmonitor',
      'gpg.program',
      'diff.external',
      'core.pager',
      'core.sshCommand',
    ]) {
      git('config', setting, trap);
    }
    git('config', 'log.showSignature', 'true');
    const { code, stdout, stderr } = await scan('git', 'repository', '--json');
    expect(code).toBe(1);
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const commit = expect.stringMatching(/^[0-9a-f]{40}$/);
    expect(found).toEqual([
      { hint: hintOf(live.key), file: 'config', line: 1, commit },
      { hint: hintOf(revoked.key), file: 'two words', line: 2, commit },
      { hint: hintOf(machine.key), file: 'the message of the commit', line: 3, commit },
    ]);
    expect(stderr).toMatch(/^big \([0-9a-f]{40}\) is too large/m);
    expect(stdout + stderr).not.toContain(live.key.slice(12, -4));
    expect(execFileSync('ls', [scratch], { encoding: 'utf8' })).not.toContain('sprung');
  });

  it('looks at all of a long history, from any directory of it, and says nothing else', async () => {
    const repository = join(scratch, 'long');
    execFileSync('git', ['init', '--quiet', repository]);
    const blobs = Array.from({ length: 8000 }, (_, i) => (i === 0 ? live.key : `file ${i}`));
    const commands = blobs.map((blob, i) => `M 100644 inline f${i}\ndata ${blob.length}\n${blob}\n`);
    const head = 'commit refs/heads/long\ncommitter somebody <somebody@example.com> 0 +0000\ndata 0\n';
    execFileSync('git', ['fast-import', '--quiet'], { cwd: repository, input: head + commands.join('') });
    execFileSync('git', ['config', 'diff.relative', 'true'], { cwd: repository });
    await mkdir(join(repository, 'below'));
    const { code, stdout, stderr } = await scan('git', 'long/below');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^f0:1: /)]);
    expect(stderr).toMatch(/^Looked at 8001 files, [^]* only it can tell: ask it with --ask\.\n$/);
  });

  it('asks the service which are good, if told to', async () => {
    await writeFile(
      join(scratch, 'keys'),
      [live, revoked, machine, { key: forged }].map(({ key }) => key).join('\n'),
    );
    const { code, stdout, stderr } = await scan('keys', '--ask', `http://127.0.0.1:${app.port}`);
    expect([code, stdout.trim().split('\n')]).toEqual([
      1,
      [
        `keys:1: ${hintOf(live.key)}, active`,
        `keys:2: ${hintOf(revoked.key)}, revoked`,
        `keys:3: ${hintOf(machine.key)}, active`,
        `keys:4: ${hintOf(forged)}, unknown`,
      ],
    ]);
    expect(stderr).toContain('Good at this moment: 2');
    expect(stderr).not.toContain('did not say');
  });

  it('says of how many the service did not answer, lest they pass for keys that are not good', async () => {
    await writeFile(join(scratch, 'key'), live.key);
    // Nobody listens there.
    const { code, stdout, stderr } = await scan('key', '--ask', 'http://127.0.0.1:9');
    expect([code, stdout]).toEqual([1, `key:1: ${hintOf(live.key)}, unasked\n`]);
    expect(stderr).toContain('did not say of 1 of them');
  });
});
