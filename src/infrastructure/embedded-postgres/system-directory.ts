import { chmod, lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from './account.js';

/**
 * Directories outside the checkout, for what PostgreSQL's account cannot reach inside it. All of them outlive
 * a restart of the machine and no system clears them by age, which rules out /tmp and /var/tmp. None is
 * below a directory in which others may write, so nobody can put a link or a directory of theirs in our way.
 */
export function systemDirectories(): string[] {
  const parents = isRoot() ? ['/var/lib', '/srv'] : [join(homedir(), '.local', 'share')];
  return parents.map((parent) => join(parent, 'upblit-api-keys'));
}

/** Makes the directory, or returns whether the one that is there is ours alone to write in. */
export async function claimSystemDirectory(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const found = await lstat(directory);
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) return false;
    // A strict umask would have closed it to PostgreSQL's account.
    await chmod(directory, 0o755);
    return true;
  } catch {
    return false;
  }
}
