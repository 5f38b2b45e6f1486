/**
 * npm run mutate [-- [--module NAME ...] [--layer domain|application ...] [--with PATH ...] [--processes N] [--force]]
 *
 * Plants small mistakes in the domain and application layers, one at a time, and sees which of them the tests
 * notice. Without arguments: one module after the other, with its unit tests. `--with` adds other test files, such
 * as `--with test/metering`; end-to-end tests among them find a PostgreSQL. What has not changed since the last run is not tried again,
 * unless `--force` is given. docs/testing/mutation.md says how to read the reports.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fail, root, say } from '../../scripts/lib/checkout.mjs';
import { ensurePackages } from '../../scripts/lib/packages.mjs';

const LAYERS = ['domain', 'application'];
const modules = readdirSync(join(root, 'src/modules'));

const { values } = parseArgs({
  options: {
    module: { type: 'string', multiple: true, default: modules },
    layer: { type: 'string', multiple: true, default: LAYERS },
    with: { type: 'string', multiple: true, default: [] },
    processes: { type: 'string', default: '2' },
    force: { type: 'boolean', default: false },
  },
});
checkNames('module', values.module, modules);
checkNames('layer', values.layer, LAYERS);

await ensurePackages('test/mutation');
process.chdir(root);
// Tests of properties have more than enough examples with these.
process.env.PROPERTY_RUNS ??= '5';
const { Stryker } = await import('@stryker-mutator/core');
const needsPostgres = values.with.some(holdsEndToEndTests);
if (needsPostgres) await (await import('../support/global-setup.mjs')).default();
try {
  for (const module of values.module) {
    for (const layer of values.layer) {
      say(`\n== ${module}: ${layer}`);
      sayScore(await new Stryker(options(module, layer)).runMutationTest());
    }
  }
} finally {
  if (needsPostgres) await (await import('../support/global-teardown.mjs')).default();
}

/** One layer at a time: each mistake loads no more test files than its module has. */
function options(module, layer) {
  const report = `coverage/mutation/${module}-${layer}`;
  return {
    mutate: [`src/modules/${module}/${layer}/**/*.ts`, '!**/*.spec.ts'],
    testRunner: 'jest',
    plugins: [import.meta.resolve('@stryker-mutator/jest-runner')],
    jest: {
      configFile: 'test/mutation/jest.config.mjs',
      config: {
        testRegex: [
          String.raw`/src/modules/${module}/(domain|application)/.*\.spec\.ts$`,
          // All of a folder but the slow ones, or the one file that is named.
          ...values.with.map((path) => String.raw`/${path.replace(/\.ts$/, '')}(.*\.(e2e-)?spec)?\.ts$`),
        ],
      },
    },
    coverageAnalysis: 'perTest',
    // A mistake in what is computed when a module is loaded would need a process of its own.
    ignoreStatic: true,
    concurrency: Number(values.processes),
    // A process keeps each test file that it has run.
    maxTestRunnerReuse: 200,
    // Over what the tests took at first, which leaves out the start of the service.
    timeoutMS: needsPostgres ? 60_000 : 5_000,
    // A machine that is busy with other things may take several times as long as when the tests were timed.
    timeoutFactor: 4,
    incremental: true,
    incrementalFile: `${report}.json`,
    force: values.force,
    reporters: ['progress-append-only', 'clear-text', 'html'],
    clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
    htmlReporter: { fileName: `${report}.html` },
    tempDirName: 'coverage/mutation/sandboxes',
    ignorePatterns: ['/dist', '/bench', '/.data', '/coverage', '/docs'],
    allowEmpty: true,
  };
}

function holdsEndToEndTests(path) {
  const [folder, name] = [dirname(path), basename(path)];
  const files = existsSync(path)
    ? readdirSync(path)
    : readdirSync(folder).filter((file) => file.startsWith(name));
  return files.some((file) => file.endsWith('.e2e-spec.ts'));
}

/** The score, and what of it stands on a deadline alone, which a busy machine flatters. */
function sayScore(mutants) {
  const tried = mutants.filter(({ status }) => status !== 'Ignored');
  const noticed = tried.filter(({ status }) => status === 'Killed' || status === 'Timeout');
  // Stryker ends a loop that has come by a hundred times as often as it should, however long that took.
  const deadline = noticed.filter(
    ({ status, statusReason }) => status === 'Timeout' && !statusReason?.startsWith('Hit'),
  );
  const percent = (count) => `${((100 * count) / tried.length).toFixed(1)} %`;
  say(`${noticed.length} of ${tried.length} noticed: ${percent(noticed.length)}`);
  if (deadline.length === 0) return;
  say(
    `${deadline.length} of them by a deadline, without which it is ${percent(noticed.length - deadline.length)}:`,
  );
  for (const { fileName, location, replacement } of deadline) {
    say(`  ${fileName}:${location.start.line}  ${replacement?.replaceAll(/\s+/g, ' ').slice(0, 100)}`);
  }
}

function checkNames(option, given, known) {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(`--${option} ${unknown}: there are ${known.join(', ')}.`);
}
