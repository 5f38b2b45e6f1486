import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EnvError } from './env.js';

/**
 * Makes DATA_DIR when it is missing, so that others may pass: the embedded PostgreSQL runs under another user when we are
 * root, and keeps its part there. Throws EnvError.
 */
export async function makeDataDir(dataDir: string): Promise<void> {
  const path = resolve(dataDir);
  try {
    await makeDirectory(path);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new EnvError([`DATA_DIR cannot be used: ${code} at ${path}`]);
  }
}

/** Node's own way to make the directories above it tries for ever where none can be made, as in /proc. */
async function makeDirectory(path: string): Promise<void> {
  const make = (): Promise<void> => mkdir(path, { mode: 0o711 });
  await make().catch(async (error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeDirectory(dirname(path));
      await make().catch((again: unknown) => unlessThere(path, again));
    } else await unlessThere(path, error);
  });
}

/** Another start may have been faster. */
async function unlessThere(path: string, error: unknown): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) throw error;
}
