import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import '../../support/typescript.mjs';

/**
 * npm run simulate -- [--seeds 100000] [--first 0] [--jobs 2] [--bug name]   many histories
 * npm run simulate -- --seed 4711 [--bug name]                               one of them, told in full
 *
 * Ends with 1 if a history broke a promise; with --bug, if none did.
 */
const { BUGS } = await import('./bugs.ts');
const { replay, runJob } = await import('./worker.ts');

if (process.send) {
  process.once('message', async (job) => {
    await runJob(job, (progress) => process.send(progress));
    process.disconnect();
  });
} else {
  process.exitCode = await main();
}

async function main() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100000' },
      first: { type: 'string', default: '0' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      seed: { type: 'string' },
      bug: { type: 'string' },
    },
  });
  const { bug } = values;
  if (bug !== undefined && !(bug in BUGS)) {
    console.error(
      `Known bugs:\n${Object.entries(BUGS)
        .map(([name, what]) => `  ${name}: ${what}`)
        .join('\n')}`,
    );
    return 2;
  }
  if (values.seed !== undefined) {
    const lines = await replay(Number(values.seed), bug);
    console.log(lines.join('\n'));
    return lines.some((line) => line.startsWith('VIOLATION')) ? 1 : 0;
  }
  return await runMany(Number(values.first), Number(values.seeds), Number(values.jobs), bug);
}

async function runMany(first, seeds, jobs, bug) {
  const total = { worlds: 0, events: 0, verifications: 0, fromCache: 0, changes: 0, failures: 0 };
  const began = performance.now();
  let lastLine = 0;
  const share = Math.ceil(seeds / jobs);
  const workers = Array.from({ length: jobs }, (_, index) => {
    const from = first + index * share;
    const count = Math.min(share, first + seeds - from);
    return count > 0 ? worker({ first: from, count, bug }) : undefined;
  });
  await Promise.all(workers);
  line();
  const perWorld = (value) => (value / Math.max(1, total.worlds)).toFixed(0);
  console.log(
    `${total.worlds} histories of ${perWorld(total.events)} events, ${perWorld(total.verifications)} verifications ` +
      `(${perWorld(total.fromCache)} from a cache) and ${perWorld(total.changes)} answered changes each: ` +
      (total.failures === 0 ? 'no promise was broken' : `${total.failures} broke a promise`),
  );
  return (total.failures === 0) === (bug === undefined) ? 0 : 1;

  function worker(job) {
    return new Promise((resolve, reject) => {
      const child = fork(import.meta.filename);
      child.on('message', (progress) => {
        for (const name of ['worlds', 'events', 'verifications', 'fromCache', 'changes'])
          total[name] += progress[name];
        for (const { seed, violations } of progress.failures) {
          total.failures += 1;
          if (total.failures <= 5) console.log(`seed ${seed}: ${violations[0]}`);
        }
        if (performance.now() - lastLine > 5000) line();
      });
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`A worker ended with ${code}`))));
      child.send(job);
    });
  }

  function line() {
    lastLine = performance.now();
    const seconds = (lastLine - began) / 1000;
    const rate = total.worlds / seconds;
    const left = rate > 0 ? Math.ceil((seeds - total.worlds) / rate) : '?';
    console.log(`${total.worlds} of ${seeds} histories, ${rate.toFixed(0)} a second, ${left} s to go`);
  }
}
