import { readdirSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fail, messageOf, root, say } from './checkout.mjs';
import { fingerprintOf } from './fingerprint.mjs';
import { withSetupLock } from './lock.mjs';

const SOURCES = 'web/src';
/** What else decides the result. */
const TOOLS = [
  'package-lock.json',
  'scripts/lib/dashboard.mjs',
  'web/build.mjs',
  'web/index.html',
  'web/vite.config.mjs',
];
const OUTPUT = join(root, 'web/dist');
const STAMP = '.sources';

/** Builds `web/dist/` when it was not made from exactly these sources. Types are not checked, as for the service. */
export async function ensureDashboard() {
  if (await isCurrent()) return;
  await withSetupLock(async () => {
    if (await isCurrent()) return;
    say('Building the dashboard …');
    await build().catch((error) => fail(`The build of the dashboard failed: ${messageOf(error)}`));
  });
}

async function isCurrent() {
  const built = await readFile(join(OUTPUT, STAMP), 'utf8').catch(() => undefined);
  return built !== undefined && built === fingerprint();
}

/** Builds beside `web/dist/` and moves the whole there: a build that is killed leaves no half of one. */
async function build() {
  const { buildDashboard } = await import('../../web/build.mjs');
  const draft = `${OUTPUT}.new`;
  const stamp = fingerprint();
  await buildDashboard(draft);
  await writeFile(join(draft, STAMP), stamp);
  await rm(OUTPUT, { recursive: true, force: true });
  await rename(draft, OUTPUT);
}

function fingerprint() {
  const sources = readdirSync(join(root, SOURCES), { recursive: true, withFileTypes: true })
    // Types are of no consequence for the result.
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
  return fingerprintOf([...sources.sort(), ...TOOLS]);
}
