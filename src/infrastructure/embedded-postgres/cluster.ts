import { lstat, mkdir, readFile, readlink, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { canReach, isRoot, unprivilegedAccount, type Account } from './account.js';
import { findBinaries, type Binaries } from './binaries.js';
import { createCluster, SUPERUSER } from './create-cluster.js';
import { removeAbandonedDrafts } from './drafts.js';
import { codeOf, EmbeddedPostgresError, OR_BRING_YOUR_OWN } from './error.js';
import { systemDirectories } from './system-directory.js';

/**
 * A database cluster on disk. Its directory is ours and holds `data/` (PostgreSQL's own, which belongs to
 * its account), `password` and `log`: the account can write in `data/` alone, and so cannot make us follow a
 * link that it planted.
 */
export interface Cluster {
  directory: string;
  data: string;
  logFile: string;
  password: string;
  account: Account | undefined;
  binaries: Binaries;
}

/** The cluster of a data directory, made when there is none. */
export async function openCluster(
  dataDir: string,
  options: { sync: boolean; log: (message: string) => void },
): Promise<Cluster> {
  const entry = entryIn(await prepareDataDir(dataDir));
  // At each start, not only where a database is made: a first start that was killed leaves one behind.
  for (const directory of [dirname(entry), ...systemDirectories()]) {
    await removeAbandonedDrafts(directory).catch(() => undefined);
  }
  const original = await originalOf(entry);
  if (original !== undefined) {
    options.log(
      `The database of ${dirname(original)} is not copied: ${dirname(entry)} begins with an empty one.`,
    );
    await rm(entry);
  }
  if (!(await isThere(entry))) {
    const account = await unprivilegedAccount();
    const binaries = await findBinaries(account, options.log);
    options.log('Making a new database …');
    await createCluster(entry, { ...options, account, binaries });
  }
  const cluster = await readCluster(entry, options.log);
  if (cluster.directory !== entry) await writeFile(originFile(cluster.directory), entry);
  return cluster;
}

/** The cluster of a data directory; undefined when it has none. */
export async function findCluster(dataDir: string): Promise<Cluster | undefined> {
  const entry = entryIn(await realpath(dataDir).catch(() => dataDir));
  if (!(await isThere(entry)) || (await originalOf(entry)) !== undefined) return undefined;
  return readCluster(entry, () => undefined);
}

/** Deletes the cluster, whose server must have ended. */
export async function removeCluster(dataDir: string, cluster: Cluster): Promise<void> {
  // The last of its processes may still be writing what it leaves behind.
  await rm(cluster.directory, { recursive: true, force: true, maxRetries: 5 });
  await rm(entryIn(resolve(dataDir)), { force: true });
}

async function readCluster(entry: string, log: (message: string) => void): Promise<Cluster> {
  const directory = await directoryOf(entry);
  const account = await accountOf(directory);
  return {
    directory,
    data: join(directory, 'data'),
    logFile: join(directory, 'log'),
    password: await readFile(join(directory, 'password'), 'utf8'),
    account,
    binaries: await findBinaries(account, log),
  };
}

export function urlOf(cluster: Cluster, port: number, database: string): string {
  return `postgresql://${SUPERUSER}:${cluster.password}@127.0.0.1:${port}/${database}`;
}

function entryIn(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/** Names the `entry` that a cluster outside its data directory is linked from. */
function originFile(directory: string): string {
  return join(directory, 'origin');
}

/** Where the data directory really is. Passable for PostgreSQL's account, which keeps its part in it. */
async function prepareDataDir(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  try {
    await mkdir(path, { recursive: true, mode: 0o711 });
    return await realpath(path);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `${path} cannot be made (${codeOf(error) ?? 'unknown error'}): set DATA_DIR to a directory you can write in, ${OR_BRING_YOUR_OWN}.`,
    );
  }
}

async function isThere(entry: string): Promise<boolean> {
  return lstat(entry).then(
    () => true,
    () => false,
  );
}

async function directoryOf(entry: string): Promise<string> {
  return realpath(entry).catch(async () => {
    throw new EmbeddedPostgresError(
      `The database was in ${await readlink(entry)}, which is gone: bring it back, or remove ${entry} to begin with an empty one.`,
    );
  });
}

/** A cluster runs under the user it belongs to, whoever we would choose for a new one. */
async function accountOf(directory: string): Promise<Account | undefined> {
  if (process.platform === 'win32') return undefined;
  const { uid, gid } = await stat(join(directory, 'data'));
  if (!isRoot()) {
    if (uid === process.getuid?.()) return undefined;
    throw new EmbeddedPostgresError(
      `The database in ${directory} belongs to the user with the id ${uid}, under whom or root this must be started: or set DATA_DIR to another directory, ${OR_BRING_YOUR_OWN}.`,
    );
  }
  const account = { uid, gid };
  if (uid === 0) {
    throw new EmbeddedPostgresError(
      `The database in ${directory} belongs to root, under whom PostgreSQL refuses to run: give its directory data/ to another user (chown -R), ${OR_BRING_YOUR_OWN}.`,
    );
  }
  if (!(await canReach(directory, account))) {
    throw new EmbeddedPostgresError(
      `The user with the id ${uid}, whose the database in ${directory} is, cannot reach it: open the directories above it (chmod o+x), set DATA_DIR to another one, ${OR_BRING_YOUR_OWN}.`,
    );
  }
  return account;
}

/**
 * Where the link to a cluster outside the data directory was copied from: the cluster is that one's. A link
 * that was only moved is its own; so is a directory.
 */
async function originalOf(entry: string): Promise<string | undefined> {
  const target = await readlink(entry).catch(() => undefined);
  if (target === undefined) return undefined;
  const origin = await readFile(originFile(target), 'utf8').catch(() => entry);
  if (origin === entry) return undefined;
  return (await readlink(origin).catch(() => undefined)) === target ? origin : undefined;
}
