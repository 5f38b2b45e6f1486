import { forgedKeys } from '../lib/keys.mjs';
import { loadKeys } from '../lib/load-keys.mjs';
import { saysValid } from '../lib/load.mjs';
import { runOpenLoop } from '../lib/open-loop.mjs';
import { createProductDatabase, startProduct, verification } from '../lib/product.mjs';
import { goalsTable, number, table } from '../lib/report.mjs';
import { median, shuffle } from '../lib/stats.mjs';

export const title = 'Forged keys beside cold ones';

const CONNECTIONS = 64;
/** Verifications a second. */
const FULL = { good: 5_000, forged: 10_000 };
/** Parts of it: a small machine cannot send, answer and look up all of it at once. */
const SCALES = [0.1, 0.25, 1];

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 1 : 3;
  const seconds = context.quick ? 1 : 4;
  const scales = context.quick ? SCALES.slice(0, 2) : SCALES;
  const cases = scales.flatMap((scale) => [
    { good: FULL.good * scale, forged: 0, results: [] },
    { good: FULL.good * scale, forged: FULL.forged * scale, results: [] },
  ]);
  const databaseUrl = await createProductDatabase(context, 'bench_junk');
  // Each is verified once: it is cold then, and in memory afterwards.
  const total = rounds * seconds * cases.reduce((sum, { good }) => sum + good, 0);
  context.say(`loading ${total} keys`);
  const cold = shuffle(await loadKeys(context, databaseUrl, total, total)).map(({ key }) =>
    verification(key),
  );
  const junk = forgedKeys(seconds * FULL.forged).map(verification);
  const server = await startProduct(context, { name: 'junk', databaseUrl });
  await warmUp(server, junk);

  for (let round = 0; round < rounds; round += 1) {
    for (const { good, forged, results } of cases) {
      const before = await untaggedLookUps(server);
      const load = { port: server.port, connections: CONNECTIONS, durationMs: seconds * 1000 };
      const keys = cold.splice(0, good * seconds);
      const [valid, unknown] = await Promise.all([
        runOpenLoop({ ...load, requests: keys, rate: good, accept: saysValid }),
        forged === 0
          ? undefined
          : runOpenLoop({ ...load, requests: junk, rate: forged, accept: saysNotFound }),
      ]);
      const lookUps = (await untaggedLookUps(server)) - before;
      results.push({ valid, unknown, lookUps });
      context.say(
        `round ${round + 1} of ${rounds}, ${good}/s beside ${forged}/s: ${valid.failures} refused, p99 ${valid.p99.toFixed(1)} ms`,
      );
    }
  }
  return report(cases, { rounds, seconds });
}

/** With what is remembered nowhere, so that the good keys stay cold. */
async function warmUp(server, junk) {
  const accept = saysNotFound;
  await runOpenLoop({
    port: server.port,
    connections: 8,
    durationMs: 1000,
    requests: junk,
    rate: 1000,
    accept,
  });
}

function report(cases, { rounds, seconds }) {
  const all = (one, read) => one.results.map(read).reduce((sum, value) => sum + value, 0);
  const typical = (one, read) => median(one.results.map(read));
  const rows = cases.map((one) => [
    one.good.toLocaleString('en'),
    one.forged.toLocaleString('en'),
    number(typical(one, ({ valid }) => valid.perSecond)),
    one.forged === 0 ? '–' : number(typical(one, ({ unknown }) => unknown.perSecond)),
    String(all(one, ({ valid }) => valid.failures)),
    String(all(one, ({ lookUps }) => lookUps)),
    number(typical(one, ({ valid }) => valid.p50)),
    number(typical(one, ({ valid }) => valid.p99)),
    number(typical(one, ({ valid }) => valid.late)),
  ]);
  const beside = cases.filter(({ forged }) => forged > 0);
  const sum = (read) => beside.reduce((total, one) => total + all(one, read), 0);
  return `Good keys that the process has never seen, each verified once, alone and beside forged ones of the right form and checksum, all from
one address and with one service key. Both in an open loop over ${CONNECTIONS} connections each: where less is answered than is sent, the machine, on which the
load generator and PostgreSQL run too, is too small for it, and what waits counts as latency. The medians of ${rounds} rounds of ${seconds} s.

${table(
  [
    'good keys/s',
    'forged/s',
    'good answered/s',
    'forged answered/s',
    'good refused',
    'forged looked up',
    'good: p50 ms',
    'p99 ms',
    'generator late, p99 ms',
  ],
  rows,
)}

${goalsTable([
  {
    figure: 'good keys refused beside forged ones',
    direction: 'at most',
    goal: 0,
    measured: sum(({ valid }) => valid.failures),
  },
  {
    figure: 'forged keys that were answered something else than NOT_FOUND',
    direction: 'at most',
    goal: 0,
    measured: sum(({ unknown }) => unknown.failures),
  },
  {
    figure: 'look-ups for forged keys',
    direction: 'at most',
    goal: 0,
    measured: sum(({ lookUps }) => lookUps),
  },
])}`;
}

/** @param {import('../lib/load.mjs').Answer} answer */
function saysNotFound({ status, data, bodyStart }) {
  return status === 200 && data.indexOf('"code":"NOT_FOUND"', bodyStart) !== -1;
}

/** Keys without a good tag that the server has looked for so far. */
async function untaggedLookUps({ port }) {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const [, count] = /^upblit_verification_database_keys_total\{lane="untagged"\} (\d+)$/m.exec(text) ?? [];
  if (count === undefined) throw new Error('GET /metrics does not say how many keys were looked up.');
  return Number(count);
}
