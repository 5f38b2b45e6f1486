import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canReach, type Account } from './account.js';
import type { Binaries } from './binaries.js';
import { draftOf, removeAbandonedDrafts } from './drafts.js';
import { codeOf, EmbeddedPostgresError, OR_BRING_YOUR_OWN } from './error.js';
import { reasonIn, run } from './run.js';
import { claimSystemDirectory, systemDirectories } from './system-directory.js';

/** The cluster's one user; the service is alone with its database. */
export const SUPERUSER = 'upblit';

export interface NewCluster {
  account: Account | undefined;
  binaries: Binaries;
  /** Whether the files must outlive a power cut. */
  sync: boolean;
  log: (message: string) => void;
}

/**
 * Makes a cluster under a name of its own and then moves it to `entry`: a start that is killed half way
 * leaves nothing that looks finished, and of two starts at once one wins and both use it.
 *
 * Where PostgreSQL's account cannot reach `entry`, or the file system there knows no owners, the cluster
 * goes to a system directory and `entry` becomes a link to it.
 * @throws EmbeddedPostgresError when there is no place for it
 */
export async function createCluster(entry: string, cluster: NewCluster): Promise<void> {
  await removeAbandonedDrafts(dirname(entry));
  const draft = await makeDraft(entry, cluster.account);
  if (draft !== undefined) {
    await withDraft(draft, cluster, () => rename(draft, entry));
    return;
  }
  for (const parent of systemDirectories()) {
    if (!(await claimSystemDirectory(parent))) continue;
    await removeAbandonedDrafts(parent);
    const directory = join(parent, `database-${randomBytes(8).toString('hex')}`);
    const remoteDraft = await makeDraft(directory, cluster.account);
    if (remoteDraft === undefined) continue;
    await withDraft(remoteDraft, cluster, async () => {
      await rename(remoteDraft, directory);
      await symlink(directory, entry).catch(async (error: unknown) => {
        await rm(directory, { recursive: true });
        throw error;
      });
      cluster.log(`The database is in ${directory}: the user it runs under cannot use ${dirname(entry)}.`);
    });
    return;
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL cannot keep its data in ${dirname(entry)}: set DATA_DIR to a directory that ${whatIsNeeded(cluster.account)}, ${OR_BRING_YOUR_OWN}.`,
  );
}

function whatIsNeeded(account: Account | undefined): string {
  return account === undefined
    ? 'is on a file system with owners and modes'
    : `the user with the id ${account.uid} can reach`;
}

/** Fills the draft and moves it to its place; when another start was first, its cluster stays. */
async function withDraft(draft: string, cluster: NewCluster, move: () => Promise<void>): Promise<void> {
  try {
    await initialise(draft, cluster);
    await move().catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** A directory with an empty `data/` in it that belongs to the account; undefined where that cannot be. */
async function makeDraft(entry: string, account: Account | undefined): Promise<string | undefined> {
  if (!(await canReach(dirname(entry), account))) return undefined;
  const draft = draftOf(entry);
  const data = join(draft, 'data');
  try {
    await mkdir(data, { recursive: true });
    await chmod(draft, 0o711);
    await chmod(data, 0o700);
    if (account !== undefined) await chown(data, account.uid, account.gid);
    const { uid, mode } = await stat(data);
    const isOwned = uid === (account?.uid ?? process.getuid?.()) && (mode & 0o777) === 0o700;
    if (isOwned || process.platform === 'win32') return draft;
  } catch (error) {
    if (!['EPERM', 'EINVAL', 'EACCES', 'EROFS', 'ENOTSUP'].includes(codeOf(error) ?? '')) throw error;
  }
  await rm(draft, { recursive: true, force: true });
  return undefined;
}

/** Runs `initdb`. */
async function initialise(draft: string, { account, binaries, sync }: NewCluster): Promise<void> {
  const password = join(draft, 'password');
  await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (account !== undefined) await chown(password, account.uid, account.gid);
  const { status, output } = await run(
    binaries.initdb,
    [
      ...['--pgdata', join(draft, 'data'), '--username', SUPERUSER, '--pwfile', password],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-instructions'],
      // PostgreSQL's own locale: text sorts the same on every system, whatever locales that has.
      ...['--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      ...(sync ? [] : ['--no-sync']),
    ],
    { account, cwd: draft },
  );
  if (status !== 0) {
    throw new EmbeddedPostgresError(
      `A database could not be made in ${dirname(draft)} (${reasonIn(output)}): set DATA_DIR to another directory, ${OR_BRING_YOUR_OWN}.`,
    );
  }
  // From here on it is read by us alone; its directory is ours, so the account cannot replace it.
  if (account !== undefined) await chown(password, 0, 0);
}
