import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/infrastructure/embedded-postgres/index.js';
import type { CopiedCheckout } from './copied-checkout.js';
import { query, Scratch, until } from './scratch.js';

// A new database is a second's work, and many on a busy machine.
jest.setTimeout(120_000);

let scratch: Scratch;
let checkout: CopiedCheckout;
let dataDir: string;

beforeAll(async () => {
  scratch = await Scratch.make();
  checkout = await scratch.copyCheckout(scratch.path('checkout'), { postgres: 'linked' });
});

beforeEach(() => {
  dataDir = scratch.newDataDir();
});

afterEach(async () => {
  await scratch.clear();
});

afterAll(async () => {
  await scratch.remove();
});

describe('after a crash', () => {
  it('takes over the server that a killed process left running', async () => {
    const killed = checkout.run(dataDir);
    const url = await killed.url();
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS value');
    await killed.end('SIGKILL');
    const postgres = await start();
    expect(postgres.url).toBe(url);
    expect(await query(postgres.url, 'SELECT value FROM kept')).toBe(42);
    await postgres.stop();
    await expect(query(postgres.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('recovers when the server was killed as well, and leaves alone whoever has its process id now', async () => {
    const killed = checkout.run(dataDir);
    const url = await killed.url();
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS value');
    await killed.end('SIGKILL');
    process.kill(await serverPid(), 'SIGKILL');
    const { uid, gid } = await stat(join(dataDir, 'postgres/data'));
    const bystander = spawn('sleep', ['60'], { uid, gid });
    await putIntoPidFile(bystander.pid!);

    const postgres = await start();
    expect(await query(postgres.url, 'SELECT value FROM kept')).toBe(42);
    await postgres.stop();
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill();
    await once(bystander, 'exit');
  });

  it('begins again when the first start was killed while it made the database', async () => {
    const killed = checkout.run(dataDir);
    await until(async () => {
      const [draft] = await readdir(dataDir).catch(() => []);
      return draft !== undefined && (await readdir(join(dataDir, draft, 'data')).catch(() => [])).length > 3;
    });
    await killed.end('SIGKILL', { group: true });
    const postgres = await start();
    expect(await query(postgres.url, 'SELECT 1')).toBe(1);
    expect(await readdir(dataDir)).toEqual(['postgres']);
    await postgres.stop();
  });

  it('starts a server again that was killed under a running process, at the same address', async () => {
    const logged: string[] = [];
    const postgres = await start((line) => logged.push(line));
    await query(postgres.url, 'CREATE TABLE kept AS SELECT 42 AS value');
    const pid = await serverPid();
    process.kill(pid, 'SIGKILL');
    await until(() =>
      query(postgres.url, 'SELECT value FROM kept').then(
        (value) => value === 42,
        () => false,
      ),
    );
    expect(await serverPid()).not.toBe(pid);
    expect(logged).toContain('The embedded PostgreSQL went away; starting it again.');
    await postgres.stop();
  });
});

describe('ending', () => {
  it('outlives Ctrl-C until the process has finished what it was doing', async () => {
    const runner = checkout.run(dataDir);
    const url = await runner.url();
    await runner.end('SIGINT', { group: true });
    expect(await runner.next()).toEqual({ drained: true });
    await expect(query(url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });
});

async function start(log: (message: string) => void = () => undefined): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, log, settings: { fsync: 'off' } });
}

async function serverPid(): Promise<number> {
  return Number((await readFile(pidFile(), 'utf8')).split('\n')[0]);
}

/** As if the machine had been restarted and the process id were another program's now. */
async function putIntoPidFile(pid: number): Promise<void> {
  const [, ...rest] = (await readFile(pidFile(), 'utf8')).split('\n');
  await writeFile(pidFile(), [pid, ...rest].join('\n'));
}

function pidFile(): string {
  return join(dataDir, 'postgres/data/postmaster.pid');
}
