import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './processes.js';

/** A draft older than this was left by a start that died, whatever runs under its process id today. */
const LIFETIME_MS = 10 * 60_000;

/** Those of this process, which may be at work on them. */
const own = new Set<string>();

/** Where something is made before it is moved to its path: a start that is killed leaves nothing half there. */
export function draftOf(path: string): string {
  const draft = `${path}.new-${process.pid}-${randomBytes(6).toString('hex')}`;
  own.add(draft);
  return draft;
}

/** Removes from a directory the drafts of starts that were killed. */
export async function removeAbandonedDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const maker = /\.new-(\d+)-[0-9a-f]{12}$/.exec(name)?.[1];
    if (maker === undefined) continue;
    const path = join(directory, name);
    if (own.has(path)) continue;
    const madeAt = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    // In a container each start has the same process id: that of the one which died is ours now.
    const isAtWork = Number(maker) !== process.pid && isAlive(Number(maker));
    if (isAtWork && Date.now() - madeAt < LIFETIME_MS) continue;
    // Best effort: an initdb that outlived its start may still be at it, and then the next start clears it.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
