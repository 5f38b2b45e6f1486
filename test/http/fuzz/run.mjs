import { parseArgs } from 'node:util';
import globalSetup from '../../support/global-setup.mjs';
import globalTeardown from '../../support/global-teardown.mjs';

/**
 * npm run fuzz [-- --requests 100000] [--seed N]
 *
 * Sends generated requests to a service of this checkout, on a PostgreSQL of its own, and tells each answer of 500 and
 * above with its request. Ends with 1 if there was one.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string' },
  },
});

await globalSetup();
const { fuzz, newSeed, toCommand } = await import('./fuzz.ts');
const { startEverything } = await import('./everything.ts');
const seed = values.seed === undefined ? newSeed() : Number(values.seed);
console.log(`seed ${seed}`);
const { app, stop } = await startEverything();
try {
  const requests = Number(values.requests);
  const began = performance.now();
  const report = await fuzz(app, {
    seed,
    requests,
    onProgress: ({ requests: sent, faults }) => {
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      console.log(`${sent} of ${requests} requests in ${seconds} s, ${faults.length} faults`);
    },
  });
  for (const { number, request, answer } of report.faults) {
    console.log(`\nrequest ${number}: ${answer}\n${toCommand(request)}`);
  }
  const statuses = [...report.statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`);
  console.log(`\n${report.requests} requests of the seed ${seed}, ${report.faults.length} faults`);
  console.log(`Answers by status: ${statuses.join(', ')}`);
  console.log(`${report.done.size} operations were answered with a 2xx`);
  process.exitCode = report.faults.length === 0 ? 0 : 1;
} finally {
  await stop();
  await globalTeardown();
}
