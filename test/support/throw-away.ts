import { chmod, lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeEmbeddedPostgres } from '../../src/infrastructure/embedded-postgres/index.js';

/** A directory for this process's servers, below the system's for temporary files; others may pass through it. */
export async function throwAwayDirectory(prefix: string): Promise<string> {
  await removeLeftovers(prefix);
  const directory = await mkdtemp(join(tmpdir(), prefix));
  await chmod(directory, 0o711);
  await writeFile(join(directory, 'pid'), String(process.pid));
  return directory;
}

/** A run that was killed leaves its servers and its directory; the next one of the same user clears them. */
async function removeLeftovers(prefix: string): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const directory = join(tmpdir(), name);
    try {
      const { uid } = await lstat(directory);
      if (uid !== (process.getuid?.() ?? uid)) continue;
      if (isAlive(Number(await readFile(join(directory, 'pid'), 'utf8')))) continue;
      for (const dataDir of [directory, ...(await directoriesIn(directory))])
        await removeEmbeddedPostgres(dataDir);
      await rm(directory, { recursive: true, force: true });
    } catch {
      // Another run is clearing or just making it.
    }
  }
}

async function directoriesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
