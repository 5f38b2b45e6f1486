import { ratio, runContest, typical } from '../lib/contest.mjs';
import { startBetterAuth, startFloor, verifying } from '../lib/contestants.mjs';
import { loadKeys } from '../lib/load-keys.mjs';
import { createProductDatabase, startProduct } from '../lib/product.mjs';
import { goalsTable, number, table } from '../lib/report.mjs';

export const title = 'Verification';

const KEYS = 10_000;
const CONNECTIONS = 64;

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 2 : 7;
  const seconds = context.quick ? 1 : 4;
  const contestants = await startContestants(context);
  const measured = await runContest(context, { contestants, rounds, seconds, connections: CONNECTIONS });
  return `${KEYS.toLocaleString('en')} distinct keys, ${CONNECTIONS} connections; the medians of ${rounds} rounds of ${seconds} s.
CPU is in milliseconds for a thousand verifications, memory in MB. Ratios are to the floor of the same round.

${verificationTable(measured)}

${goals(measured)}`;
}

/** @param {import('../run.mjs').Context} context */
async function startContestants(context) {
  context.say(`starting everybody, with ${KEYS} keys each`);
  const databaseUrl = await createProductDatabase(context, 'bench_product');
  const entries = await loadKeys(context, databaseUrl, KEYS, KEYS);
  const keys = entries.map(({ key }) => key);
  const cold = { VERIFY_CACHE_ENTRIES: '0' };
  const database = await startBetterAuth(context, 'database', KEYS);
  const memory = await startBetterAuth(context, 'secondary-storage', KEYS);
  return [
    verifying('floor', await startFloor(context, entries), keys),
    verifying('ours, warm', await startProduct(context, { name: 'warm', databaseUrl }), keys),
    verifying('ours, cold', await startProduct(context, { name: 'cold', databaseUrl, env: cold }), keys),
    verifying('better-auth', database, database.ready.keys),
    verifying('better-auth, in memory', memory, memory.ready.keys),
  ];
}

/** @param {import('../lib/contest.mjs').Measured} measured */
function verificationTable(measured) {
  return table(
    ['server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU', 'PostgreSQL CPU', 'memory', '× floor', '× floor CPU'],
    [...measured].map(([name, rounds]) => [
      name,
      ...['perSecond', 'p50', 'p99', 'cpuPerThousand', 'postgresCpuPerThousand', 'megabytes'].map((figure) =>
        number(typical(rounds, figure)),
      ),
      number(ratio(measured, name, 'floor', 'perSecond')),
      number(ratio(measured, name, 'floor', 'cpuPerThousand')),
    ]),
  );
}

/** @param {import('../lib/contest.mjs').Measured} measured */
function goals(measured) {
  const goal = (figure, direction, value, [name, base, what]) => ({
    figure,
    direction,
    goal: value,
    measured: ratio(measured, name, base, what),
  });
  return goalsTable([
    goal('warm: throughput to the floor', 'at least', 0.85, ['ours, warm', 'floor', 'perSecond']),
    goal('warm: CPU to the floor', 'at most', 1.2, ['ours, warm', 'floor', 'cpuPerThousand']),
    goal('warm: throughput to better-auth', 'at least', 15, ['ours, warm', 'better-auth', 'perSecond']),
    goal('cold: throughput to better-auth', 'at least', 6, ['ours, cold', 'better-auth', 'perSecond']),
    goal('warm: throughput to better-auth in memory', 'at least', 4, [
      ...['ours, warm', 'better-auth, in memory', 'perSecond'],
    ]),
  ]);
}
