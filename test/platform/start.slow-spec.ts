import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { freePort } from '../../src/infrastructure/embedded-postgres/postmaster.js';
import { Scratch } from './scratch.js';

// Each of these starts whole services, several seconds' work on a busy machine.
jest.setTimeout(120_000);

const ROOT = join(import.meta.dirname, '../..');

let scratch: Scratch;
let dataDir: string;
const started: ChildProcess[] = [];

beforeAll(async () => {
  scratch = await Scratch.make();
});

beforeEach(() => {
  dataDir = scratch.newDataDir();
});

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await scratch.clear();
});

afterAll(async () => {
  await scratch.remove();
});

describe('npm start', () => {
  it('is ready from nothing, works, and ends in good order on SIGTERM', async () => {
    const service = await start();
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    expect(await demo(service.url)).toMatch(/VALID[^]*REVOKED[^]*All as it should be/);
    expect(await end(service.child, 'SIGTERM')).toBe(0);
    await expect(access(join(dataDir, 'postgres/data/postmaster.pid'))).rejects.toThrow('ENOENT');
  });

  it('has its people, keys and secrets again after kill -9', async () => {
    const first = await start();
    const account = { email: 'ada@example.com', password: 'a long enough password' };
    const { accessToken } = (await post(first.url, '/auth/register', account)) as { accessToken: string };
    await end(first.child, 'SIGKILL');

    const second = await start();
    const me = await fetch(`${second.url}/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect(await me.json()).toMatchObject({ email: account.email });
    await end(second.child, 'SIGTERM');
  });

  it('says that it is running already', async () => {
    const first = await start();
    const second = spawnStart();
    const complaint = text(second.stderr!);
    expect(await once(second, 'exit')).toEqual([1, null]);
    expect(await complaint).toMatch(
      `Already running: process ${first.child.pid} uses the database in ${dataDir}`,
    );
    expect(await end(first.child, 'SIGTERM')).toBe(0);
  });
});

describe('npm run demo', () => {
  it('says what to do when nothing answers', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    await expect(demo(`http://${address}`)).rejects.toThrow(
      `Nothing answers at http://${address} (connect ECONNREFUSED ${address}): start the service with "npm start"`,
    );
  });
});

async function start(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawnStart();
  let output = '';
  for await (const chunk of child.stdout!) {
    output += String(chunk);
    const url = /(http:\S+)\/health\/ready/.exec(output)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error('It ended before it was ready');
}

/** As package.json does, without npm. An empty variable counts as none, and hides what `.env` says. */
function spawnStart(): ChildProcess {
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: ROOT,
    env: {
      ...process.env,
      NODE_ENV: '',
      DATABASE_URL: '',
      DATA_DIR: dataDir,
      PORT: '0',
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [unknown];
  return code;
}

async function demo(url: string): Promise<string> {
  const options = { cwd: ROOT, env: { PATH: process.env.PATH, UPBLIT_URL: url } };
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/demo.mjs'], options);
  return stdout;
}

async function post(url: string, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}
