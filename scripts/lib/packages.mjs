import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, root, say } from './checkout.mjs';
import { withSetupLock } from './lock.mjs';

/** Runs `npm ci` when what is installed is not what the lock file says. Imports nothing that needs installing. */
export async function ensurePackages() {
  requireNode(20, 17);
  if (await areInstalled()) return;
  await withSetupLock(async () => {
    if (await areInstalled()) return;
    say('Installing packages (npm ci) …');
    const status = await npm([
      // The build needs what `NODE_ENV=production` would leave out, and the embedded PostgreSQL is optional.
      ...['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
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
async function areInstalled() {
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
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === '') return true;
    const found = installed[path];
    return found === undefined ? Boolean(optional ?? devOptional) : found.version === version;
  });
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
