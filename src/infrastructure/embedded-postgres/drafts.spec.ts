import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { draftOf, removeAbandonedDrafts } from './drafts.js';

describe('drafts of starts that were killed', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'upblit-drafts-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const make = async (maker: number, path = `postgres.new-${maker}-0123456789ab`): Promise<string> => {
    await mkdir(join(directory, path, 'data'), { recursive: true });
    return path;
  };

  it('are removed when their maker is gone, or has the process id that is ours now', async () => {
    // No process has this one (pid_max is at most 2^22).
    await make(2 ** 22 + 1);
    await make(process.pid);
    const other = await make(process.ppid);
    await removeAbandonedDrafts(directory);
    expect(await readdir(directory)).toEqual([other]);
  });

  it('are removed when they are old, whatever runs under the process id of their maker', async () => {
    const old = await make(process.ppid);
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(directory, old), hourAgo, hourAgo);
    await removeAbandonedDrafts(directory);
    expect(await readdir(directory)).toEqual([]);
  });

  it('of this very process are left alone while it is at work on them, and so is everything else', async () => {
    const ours = draftOf(join(directory, 'postgres'));
    await mkdir(ours);
    await mkdir(join(directory, 'postgres'));
    await removeAbandonedDrafts(directory);
    expect((await readdir(directory)).length).toBe(2);
  });
});
