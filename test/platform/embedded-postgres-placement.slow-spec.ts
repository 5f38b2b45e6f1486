import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { cp, lstat, readlink, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/infrastructure/embedded-postgres/index.js';
import { query, Scratch } from './scratch.js';

// A new database is a second's work, and many on a busy machine.
jest.setTimeout(120_000);

/** Root alone has a user to share with, and so a database outside the data directory. */
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

describeAsRoot('a database that its user cannot keep in the data directory', () => {
  let scratch: Scratch;
  let closed: string;
  let dataDir: string;

  beforeAll(async () => {
    scratch = await Scratch.make();
  });

  beforeEach(async () => {
    closed = await scratch.closedDirectory();
    dataDir = scratch.newDataDir(closed);
    const postgres = await start(dataDir);
    await query(postgres.url, 'CREATE TABLE kept AS SELECT 42 AS value');
    await postgres.stop();
  });

  afterEach(async () => {
    await scratch.clear();
  });

  afterAll(async () => {
    await scratch.remove();
  });

  it('is where only root decides what a path means, and only its user can read it', async () => {
    const directory = await readlink(join(dataDir, 'postgres'));
    for (let path = directory; path !== '/'; path = dirname(path)) {
      const { uid, mode } = await lstat(path);
      expect({ path, uid, isOpenToWriters: (mode & 0o022) !== 0 }).toEqual({
        path,
        uid: 0,
        isOpenToWriters: false,
      });
    }
    const data = await stat(join(directory, 'data'));
    expect(data.uid).not.toBe(0);
    expect(data.mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, 'password'))).mode & 0o777).toBe(0o600);
  });

  it('moves with its data directory', async () => {
    const moved = scratch.newDataDir(closed);
    await rename(dataDir, moved);
    const postgres = await start(moved);
    expect(await query(postgres.url, 'SELECT value FROM kept')).toBe(42);
    await postgres.stop();
  });

  it('is not shared with a copy of its data directory, which says that it begins empty', async () => {
    const copy = scratch.newDataDir(closed);
    await cp(dataDir, copy, { recursive: true, verbatimSymlinks: true });
    const logged: string[] = [];
    const postgres = await start(copy, (line) => logged.push(line));
    expect(await query(postgres.url, `SELECT to_regclass('kept')`)).toBeNull();
    expect(logged.join('\n')).toContain(`${copy} begins with an empty one`);
    await postgres.stop();

    const original = await start(dataDir);
    expect(await query(original.url, 'SELECT value FROM kept')).toBe(42);
    await original.stop();
  });

  it('is missed rather than silently made anew when it is gone', async () => {
    const link = join(dataDir, 'postgres');
    await rm(await readlink(link), { recursive: true });
    await expect(start(dataDir)).rejects.toThrow(
      new RegExp(`^The database was in .*, which is gone: bring it back, or remove ${link} to begin`),
    );
    await rm(link);
    await (await start(dataDir)).stop();
  });
});

async function start(
  dataDir: string,
  log: (line: string) => void = () => undefined,
): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, log, settings: { fsync: 'off' } });
}
