/**
 * npm run bench [-- [--quick] [--large] [--profile] [scenario ...]]
 *
 * Installs what the benchmark needs and builds the product when that is missing or old, runs the scenarios one
 * after the other on one PostgreSQL, and writes what they found to RESULTS.md. Nothing but the loopback
 * interface is used once the packages are there.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuild } from '../scripts/lib/build.mjs';
import { ensurePackages } from '../scripts/lib/packages.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** In the order of RESULTS.md; each is a file of scenarios/ that exports `title` and `run(context)`. */
const SCENARIOS = ['verify', 'latency', 'junk', 'limits', 'table-size', 'issue', 'revoke', 'nodes', 'pooler'];

/**
 * @typedef {object} Context
 * @property {boolean} quick a short run, to see that all works; its figures are not kept
 * @property {boolean} large with ten million keys too
 * @property {string | undefined} profileDirectory where the product's servers write CPU profiles, if they are to
 * @property {string} directory for the scenario's files; deleted at the end
 * @property {string} root of the checkout
 * @property {import('./lib/postgres.mjs').Postgres} postgres
 * @property {(text: string) => void} say shows progress
 */

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    large: { type: 'boolean' },
    profile: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const unknown = positionals.filter((name) => !SCENARIOS.includes(name));
if (flags.help || unknown.length > 0) {
  console.error(`npm run bench -- [--quick] [--large] [--profile] [${SCENARIOS.join('] [')}]`);
  process.exit(flags.help ? 0 : 2);
}

const [loadBefore] = loadavg();
if (loadBefore > 0.5)
  say(`the machine is busy (load ${loadBefore.toFixed(1)}): figures taken now say little`);
await ensurePackages('bench');
await ensureBuild();
await main(positionals.length > 0 ? positionals : SCENARIOS);

/** @param {string[]} names */
async function main(names) {
  // Only now: these need the packages that were perhaps installed a moment ago.
  const { openPostgres } = await import('./lib/postgres.mjs');
  const { provenance, writeResults } = await import('./lib/results.mjs');
  const { stopAllServers } = await import('./lib/servers.mjs');

  const dataDirectory = join(ROOT, '.data', 'bench');
  const directory = emptyDirectory(join(dataDirectory, 'work'));
  const profileDirectory = flags.profile ? emptyDirectory(join(dataDirectory, 'profiles')) : undefined;
  const kept = !flags.quick && !flags.profile;
  const postgres = await openPostgres(dataDirectory, say);
  const endScenario = async () => {
    await stopAllServers();
    await postgres.dropDatabases();
  };
  const end = () => endScenario().finally(() => postgres.stop());
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void end().finally(() => process.exit(130)));
  }
  try {
    const context = {
      quick: flags.quick === true,
      large: flags.large === true,
      profileDirectory,
      directory,
      root: ROOT,
      postgres,
      say,
    };
    const sections = [];
    for (const name of names) {
      const scenario = await import(`./scenarios/${name}.mjs`);
      say(`— ${scenario.title}`);
      const findings = await scenario.run(context);
      await endScenario();
      const text = `## ${scenario.title}\n\n${provenance(postgres, loadBefore)}\n\n${findings}`;
      console.log(`\n${text}\n`);
      if (profileDirectory !== undefined) await printProfiles(profileDirectory);
      sections.push({ name, text });
      if (kept) writeResults(sections, SCENARIOS);
    }
    say(kept ? 'written to bench/RESULTS.md' : 'RESULTS.md is left as it was');
  } finally {
    await end();
  }
}

function emptyDirectory(path) {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

async function printProfiles(directory) {
  const { summarise } = await import('./lib/profile.mjs');
  for (const file of readdirSync(directory).sort()) {
    console.log(`### ${join(directory, file)}\n\n${summarise(join(directory, file))}\n`);
  }
}

/** @param {string} text */
function say(text) {
  console.error(`[${process.uptime().toFixed(0).padStart(4)} s] ${text}`);
}
