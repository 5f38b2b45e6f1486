/**
 * npm run mutate [-- [--module NAME ...] [--layer domain|application ...] [--with PATH ...] [--force]]
 *
 * Plants small mistakes in the domain and application layers, one at a time, and sees which of them the tests
 * notice. Without arguments: one module after the other, with its unit tests. `--with` adds other test files, such
 * as `--with test/metering`, which find a PostgreSQL. What has not changed since the last run is not tried again,
 * unless `--force` is given. docs/testing/mutation.md says how to read the reports.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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
const needsPostgres = values.with.length > 0;
if (needsPostgres) await (await import('../support/global-setup.mjs')).default();
try {
  for (const module of values.module) {
    for (const layer of values.layer) {
      say(`\n== ${module}: ${layer}`);
      await new Stryker(options(module, layer)).runMutationTest();
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
    concurrency: 2,
    // A process keeps each test file that it has run.
    maxTestRunnerReuse: 200,
    // Over what the tests took at first, which leaves out the start of the service.
    timeoutMS: needsPostgres ? 60_000 : 10_000,
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

function checkNames(option, given, known) {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(`--${option} ${unknown}: there are ${known.join(', ')}.`);
}
