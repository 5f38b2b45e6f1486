import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDataDir } from './data-dir.js';

describe('DATA_DIR', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'upblit-data-dir-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is made with the directories above it, by however many at once, and may be there', async () => {
    const path = join(directory, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 5 }, () => makeDataDir(path)));
    await makeDataDir(path);
    expect((await stat(path)).mode & 0o777).toBe(0o711);
  });

  it('that cannot be made is told in a sentence, and is not tried for ever', async () => {
    await writeFile(join(directory, 'file'), '');
    const paths = [join(directory, 'file'), join(directory, 'file', 'below')];
    for (const path of process.platform === 'linux' ? ['/proc/nope', ...paths] : paths) {
      await expect(makeDataDir(path)).rejects.toThrow(`DATA_DIR cannot be used`);
    }
  });
});
