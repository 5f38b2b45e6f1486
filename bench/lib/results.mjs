import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

const FILE = new URL('../RESULTS.md', import.meta.url);

const PREFACE = `# Results

Written by \`npm run bench\`; what is compared, and how, is in [README.md](README.md). Every section says when and
on what it was measured. Only ratios within one section mean anything on another machine.
`;

/**
 * @typedef {object} Section
 * @property {string} name of the scenario
 * @property {string} text
 */

/**
 * Where and when something was measured, and how busy others kept the machine just before.
 *
 * @param {{ version: string }} postgres
 * @param {number} load runnable processes, averaged over the minute before the run
 */
export function provenance(postgres, load) {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GB, ${type()} ${release()}`;
  const versions = `Node ${process.versions.node}, PostgreSQL ${postgres.version}`;
  const date = new Date().toISOString().slice(0, 10);
  return `_${date}, commit ${commit()}. ${machine}; ${versions}; load before the run ${load.toFixed(1)}._`;
}

function commit() {
  const options = {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  };
  try {
    const hash = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], options).trim();
    const changed = execFileSync('git', ['status', '--porcelain', '--', 'src', 'migrations'], options).trim();
    return changed === '' ? hash : `${hash} with changes`;
  } catch {
    return 'unknown';
  }
}

/**
 * Puts the sections into RESULTS.md, in the order of `names`, and keeps those of scenarios that were not run.
 *
 * @param {Section[]} sections
 * @param {string[]} names of all scenarios, in order
 */
export function writeResults(sections, names) {
  const texts = new Map(readSections());
  for (const { name, text } of sections) texts.set(name, text);
  const present = names.filter((name) => texts.has(name));
  const body = present.map((name) => `<!-- scenario: ${name} -->\n\n${texts.get(name).trim()}\n`);
  writeFileSync(FILE, [PREFACE, ...body].join('\n'));
}

/** @returns {[string, string][]} */
function readSections() {
  if (!existsSync(FILE)) return [];
  const [, ...parts] = readFileSync(FILE, 'utf8').split(/^<!-- scenario: ([\w-]+) -->$/m);
  return Array.from({ length: parts.length / 2 }, (_, index) => [parts[index * 2], parts[index * 2 + 1]]);
}
