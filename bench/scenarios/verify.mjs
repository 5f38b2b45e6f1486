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
const WITHOUT_COUNTING = new URL('../lib/without-counting.mjs', import.meta.url);
const UNCOUNTED = 'ours, warm, without counting';
/** Without a service key, as VERIFY_ANONYMOUS lets callers ask: what it costs to know who asks. */
const ANONYMOUS = 'ours, warm, anonymous';

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 2 : 5;
  const seconds = context.quick ? 1 : 3;
  const systems = await startSystems(context);
  const measured = await runBenchmark(context, { systems, rounds, seconds, connections: CONNECTIONS });
  return `${KEYS.toLocaleString('en')} distinct keys, ${CONNECTIONS} connections; the medians of ${rounds} rounds of ${seconds} s.
CPU is in milliseconds for a thousand verifications, memory in MB. Ratios are to the baselines of the same round.

${verificationTable(measured)}

${goals(measured)}`;
}

/** @param {import('../run.mjs').Context} context */
async function startSystems(context) {
  context.say(`starting everybody, with ${KEYS} keys each`);
  const databaseUrl = await createProductDatabase(context, 'bench_product');
  const entries = await loadKeys(context, databaseUrl, KEYS, KEYS);
  const keys = entries.map(({ key }) => key);
  const cold = { VERIFY_CACHE_ENTRIES: '0' };
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
function goals(measured) {
  const goal = (figure, direction, value, [name, base, what]) => ({
    figure,
    direction,
    goal: value,
    measured: ratio(measured, name, base, what),
  });
  return goalsTable([
    goal("warm: throughput to Fastify's baseline", 'at least', 0.85, [WARM, FASTIFY, 'perSecond']),
    goal("warm: CPU to Fastify's baseline", 'at most', 1.2, [WARM, FASTIFY, 'cpuPerThousand']),
    goal('warm: throughput to the baseline of node:http', 'at least', 0.95, [
      ...[WARM, NODE_HTTP, 'perSecond'],
    ]),
    goal('warm: throughput to the same without a service key', 'at least', 0.95, [
      ...[WARM, ANONYMOUS, 'perSecond'],
    ]),
    goal('warm: throughput with counting to that without', 'at least', 0.97, [WARM, UNCOUNTED, 'perSecond']),
    goal('warm: throughput to better-auth', 'at least', 15, [WARM, 'better-auth', 'perSecond']),
    goal('cold: throughput to better-auth', 'at least', 6, ['ours, cold', 'better-auth', 'perSecond']),
    goal('warm: throughput to better-auth in memory', 'at least', 4, [
      ...[WARM, 'better-auth, in memory', 'perSecond'],
    ]),
  ]);
}
