import { chmod, lstat, mkdir, readFile, readlink, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { canReach, isRoot, unprivilegedAccount, type Account } from './account.js';
import { findBinaries, type Binaries } from './binaries.js';
import { createCluster, SUPERUSER } from './create-cluster.js';
import { codeOf, EmbeddedPostgresError, OR_BRING_YOUR_OWN } from './error.js';

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
  await forgetLinkOfCopy(entry, options.log);
  if (!(await isThere(entry))) {
    const account = await unprivilegedAccount();
    const binaries = await findBinaries(account, options.log);
    options.log('Making a new database …');
    await createCluster(entry, { ...options, account, binaries });
  }
  return readCluster(entry, options.log);
}

/** The cluster of a data directory; undefined when it has none. */
export async function findCluster(dataDir: string): Promise<Cluster | undefined> {
  const entry = entryIn(resolve(dataDir));
  return (await isThere(entry)) ? readCluster(entry, () => undefined) : undefined;
}

/** Deletes the cluster, whose server must have ended. */
export async function removeCluster(dataDir: string, cluster: Cluster): Promise<void> {
  await rm(cluster.directory, { recursive: true, force: true });
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

/** Where the data directory really is. Passable for PostgreSQL's account, which keeps its part in it. */
async function prepareDataDir(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  try {
    const mode = isRoot() ? 0o711 : 0o700;
    const made = await mkdir(path, { recursive: true, mode });
    if (made !== undefined) await chmod(path, mode);
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
 * A copied checkout brings the link to the original's cluster along. It gets a cluster of its own; one that
 * was only moved keeps it.
 */
async function forgetLinkOfCopy(entry: string, log: (message: string) => void): Promise<void> {
  const target = await readlink(entry).catch(() => undefined);
  if (target === undefined) return;
  const origin = await readFile(join(target, 'origin'), 'utf8').catch(() => undefined);
  if (origin === undefined || origin === entry) return;
  if ((await readlink(origin).catch(() => undefined)) === target) {
    log(`${target} is the database of ${dirname(origin)}; this copy of it begins with an empty one.`);
    await rm(entry);
  } else {
    await writeFile(join(target, 'origin'), entry);
  }
}
