import { ratio, runBenchmark, typical } from '../lib/benchmark-run.mjs';
import { overHttp, startBetterAuth, startBaseline, verifying } from '../lib/systems.mjs';
import { saysValid } from '../lib/load.mjs';
import { loadKeys } from '../lib/load-keys.mjs';
import { anonymousVerification, createProductDatabase, startProduct } from '../lib/product.mjs';
import { goalsTable, number, table } from '../lib/report.mjs';
import { shuffle } from '../lib/stats.mjs';

export const title = 'Verification';

const KEYS = 10_000;
const CONNECTIONS = 64;
const NODE_HTTP = 'baseline, node:http';
const FASTIFY = 'baseline, Fastify';
const WARM = 'ours, warm';
/** Rounds in which all that verifications cost is paid within the round. */
const LONG = { rounds: 5, seconds: 12 };
const WITHOUT_COUNTING = new URL('../lib/without-counting.mjs', import.meta.url);
const UNCOUNTED = 'ours, warm, without counting';
/** What it costs to know who asks. */
const WITHOUT_SERVICE_KEY = new URL('../lib/without-service-key.mjs', import.meta.url);
const UNASKED = 'ours, warm, service key not looked at';
/** Without a service key, as VERIFY_ANONYMOUS lets callers ask, who are told less. */
const ANONYMOUS = 'ours, warm, anonymous';

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 2 : 9;
  const seconds = context.quick ? 1 : 2;
  const systems = await startSystems(context);
  const measured = await runBenchmark(context, { systems, rounds, seconds, connections: CONNECTIONS });
  const long = context.quick ? { rounds: 1, seconds: 2 } : LONG;
  const counted = await runBenchmark(context, {
    systems: systems.filter(({ name }) => name === WARM || name === UNCOUNTED),
    ...long,
    connections: CONNECTIONS,
  });
  return `${KEYS.toLocaleString('en')} distinct keys, ${CONNECTIONS} connections; the medians of ${rounds} rounds of ${seconds} s.
CPU is in milliseconds for a thousand verifications, memory in MB. Ratios are to the baselines of the same round.

${verificationTable(measured)}

What was counted is written every few seconds, so that a short round may miss it. In ${long.rounds} rounds of ${long.seconds} s each:

${countingTable(counted)}

${goals(measured, counted)}`;
}

/** @param {import('../run.mjs').Context} context */
async function startSystems(context) {
  context.say(`starting everybody, with ${KEYS} keys each`);
  const databaseUrl = await createProductDatabase(context, 'bench_product');
  const entries = await loadKeys(context, databaseUrl, KEYS, KEYS);
  const keys = entries.map(({ key }) => key);
  const cold = { VERIFY_CACHE_ENTRIES: '0' };
  const unasked = { name: 'unasked', databaseUrl, preload: [WITHOUT_SERVICE_KEY] };
  const uncounted = { name: 'uncounted', databaseUrl, preload: [WITHOUT_COUNTING] };
  const database = await startBetterAuth(context, 'database', KEYS);
  const memory = await startBetterAuth(context, 'secondary-storage', KEYS);
  return [
    verifying(NODE_HTTP, await startBaseline(context, 'node-http', entries), keys),
    verifying(FASTIFY, await startBaseline(context, 'fastify', entries), keys),
    verifying(WARM, await startProduct(context, { name: 'warm', databaseUrl }), keys),
    overHttp(
      ANONYMOUS,
      await startProduct(context, { name: 'anonymous', databaseUrl, env: { VERIFY_ANONYMOUS: 'true' } }),
      shuffle(entries).map(anonymousVerification),
      saysValid,
    ),
    verifying(UNASKED, await startProduct(context, unasked), keys),
    verifying(UNCOUNTED, await startProduct(context, uncounted), keys),
    verifying('ours, cold', await startProduct(context, { name: 'cold', databaseUrl, env: cold }), keys),
    verifying('better-auth', database, database.ready.keys),
    verifying('better-auth, in memory', memory, memory.ready.keys),
  ];
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function verificationTable(measured) {
  return table(
    [
      'server',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'CPU',
      'PostgreSQL CPU',
      'memory',
      '× Fastify',
      '× its CPU',
      '× node:http',
      '× its CPU',
    ],
    [...measured].map(([name, rounds]) => [
      name,
      ...['perSecond', 'p50', 'p99', 'cpuPerThousand', 'postgresCpuPerThousand', 'megabytes'].map((figure) =>
        number(typical(rounds, figure)),
      ),
      ...[FASTIFY, NODE_HTTP].flatMap((baseline) => [
        number(ratio(measured, name, baseline, 'perSecond')),
        number(ratio(measured, name, baseline, 'cpuPerThousand')),
      ]),
    ]),
  );
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function countingTable(measured) {
  const columns = ['perSecond', 'p99', 'cpuPerThousand', 'postgresCpuPerThousand'];
  return table(
    ['server', 'requests/s', 'p99 ms', 'CPU', 'PostgreSQL CPU'],
    [...measured].map(([name, rounds]) => [
      name,
      ...columns.map((figure) => number(typical(rounds, figure))),
    ]),
  );
}

/**
 * @param {import('../lib/benchmark-run.mjs').Measured} measured
 * @param {import('../lib/benchmark-run.mjs').Measured} counted in long rounds
 */
function goals(measured, counted) {
  const goal = (figure, direction, value, [name, base, what], from = measured) => ({
    figure,
    direction,
    goal: value,
    measured: ratio(from, name, base, what),
  });
  return goalsTable([
    goal("warm: throughput to Fastify's baseline", 'at least', 0.85, [WARM, FASTIFY, 'perSecond']),
    goal("warm: CPU to Fastify's baseline", 'at most', 1.2, [WARM, FASTIFY, 'cpuPerThousand']),
    goal('warm: throughput to the baseline of node:http', 'at least', 0.95, [
      ...[WARM, NODE_HTTP, 'perSecond'],
    ]),
    goal('warm: throughput to the same that looks at no service key', 'at least', 0.95, [
      ...[WARM, UNASKED, 'perSecond'],
    ]),
    goal(
      'warm: throughput with counting to that without',
      'at least',
      0.97,
      [...[WARM, UNCOUNTED, 'perSecond']],
      counted,
    ),
    goal('warm: throughput to better-auth', 'at least', 15, [WARM, 'better-auth', 'perSecond']),
    goal('cold: throughput to better-auth', 'at least', 6, ['ours, cold', 'better-auth', 'perSecond']),
    goal('warm: throughput to better-auth in memory', 'at least', 4, [
      ...[WARM, 'better-auth, in memory', 'perSecond'],
    ]),
  ]);
}
