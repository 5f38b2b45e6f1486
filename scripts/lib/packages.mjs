import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, root, say } from './checkout.mjs';
import { withSetupLock } from './lock.mjs';

/** Installed with the product, and asked for by what builds it. */
export const DASHBOARD = 'web';

/**
 * Runs `npm ci` when what is installed is not what the lock file says. Imports nothing that needs installing.
 *
 * @param {string} [workspace] the folder of a workspace whose packages are needed besides those of the service
 */
export async function ensurePackages(workspace) {
  requireNode(20, 19);
  const needed = workspace === undefined ? [''] : ['', workspace];
  if (await areInstalled(needed)) return;
  await withSetupLock(async () => {
    if (await areInstalled(needed)) return;
    say('Installing packages (npm ci) …');
    const status = await npm([
      // The build needs what `NODE_ENV=production` would leave out, and the embedded PostgreSQL is optional.
      ...['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
      // Nobody who starts the service waits for the packages of the benchmark.
      ...(workspace === undefined || workspace === DASHBOARD
        ? [`--workspace=${DASHBOARD}`, '--include-workspace-root']
        : []),
    ]);
    if (status !== 0) fail('The packages could not be installed: see above, and try "npm ci".');
  });
}

function requireNode(major, minor) {
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  fail(`Node ${major}.${minor} or newer is needed; this is ${process.versions.node}.`);
}

/** npm notes in node_modules, last of all, what it has installed. Optional packages may be missing. */
async function areInstalled(needed) {
  const [wanted, installed] = await Promise.all(
    ['package-lock.json', 'node_modules/.package-lock.json'].map((path) =>
      readFile(join(root, path), 'utf8').then(
        (text) => JSON.parse(text).packages,
        () => undefined,
      ),
    ),
  );
  if (wanted === undefined) fail('package-lock.json is missing or damaged.');
  if (installed === undefined) return false;
  return closure(wanted, needed).every((path) => {
    const { version, optional, devOptional } = wanted[path];
    const found = installed[path];
    return found === undefined ? Boolean(optional ?? devOptional) : found.version === version;
  });
}

/** The entries of a lock file that these need, one for another, without the checkout's own folders. */
function closure(packages, paths) {
  const found = new Set(paths.filter((path) => path in packages));
  for (const path of found) {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = packages[path];
    const names = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies };
    for (const name of Object.keys(names)) {
      const place = foldersAbove(path)
        .map((folder) => `${folder}node_modules/${name}`)
        .find((candidate) => candidate in packages);
      // A peer may be optional, and then it has no entry.
      if (place !== undefined) found.add(place);
    }
  }
  return [...found].filter((path) => path.includes('node_modules/'));
}

/** Where Node looks for the packages of a folder, from the inside out: each ends with a slash, or is the checkout. */
function foldersAbove(path) {
  const parts = path === '' ? [] : path.split(/\/(?=node_modules\/)/);
  return [...parts.map((_, index) => `${parts.slice(0, parts.length - index).join('/')}/`), ''];
}

function npm(args) {
  // The npm that runs this script, else the one on the path (which on Windows is a batch file).
  const cli = process.env.npm_execpath;
  const [command, commandArgs] = cli?.endsWith('npm-cli.js')
    ? [process.execPath, [cli, ...args]]
    : ['npm', args];
  return new Promise((resolve) => {
    const child = spawn(command, commandArgs, {
      cwd: root,
      // npm's own output is progress too.
      stdio: ['ignore', 2, 2],
      shell: command === 'npm' && process.platform === 'win32',
    });
    child.on('error', (error) => {
      say(error.message);
      resolve(1);
    });
    child.on('exit', resolve);
  });
}
