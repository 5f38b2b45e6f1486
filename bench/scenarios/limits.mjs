import { availableParallelism } from 'node:os';
import { ratio, runBenchmark, typical } from '../lib/benchmark-run.mjs';
import { verifying } from '../lib/systems.mjs';
import { loadKeys } from '../lib/load-keys.mjs';
import { withClient } from '../lib/postgres.mjs';
import { createProductDatabase, startProduct } from '../lib/product.mjs';
import { startRedis } from '../lib/redis.mjs';
import { goalsTable, number, table } from '../lib/report.mjs';
import { percentile } from '../lib/stats.mjs';

export const title = 'Verification with rate limits and credits';

const KEYS = 10_000;
const CONNECTIONS = 64;

const PLAIN = 'no limits, no credits';
/** Never reached: what is measured is the counting. */
const LIMIT = JSON.stringify([{ name: 'minute', limit: 1_000_000_000, windowSeconds: 60, cost: 1 }]);
/** Every key of the database has one rate limit. */
const LIMITED = `UPDATE api_keys SET rate_limits = '${LIMIT}'`;
/** Every key of the database has credits that are not used up. */
const METERED = `
  INSERT INTO credit_balances (subject_id, subject_kind, remaining, refilled_at)
    SELECT id, 'key', 1000000000, now() FROM api_keys;
  UPDATE api_keys SET metered = true`;

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 2 : 5;
  const seconds = context.quick ? 1 : 3;
  const redis = await startRedis();
  try {
    const systems = await startSystems(context, redis);
    const measured = await runBenchmark(context, { systems, rounds, seconds, connections: CONNECTIONS });
    return `Warm; ${KEYS.toLocaleString('en')} distinct keys unless it says one, ${CONNECTIONS} connections; the medians of ${rounds} rounds of
${seconds} s. CPU is in milliseconds for a thousand verifications. Credits are spent by commits that are on disk.
The cores are those that the server, PostgreSQL and the load generator kept busy together, of ${availableParallelism()}; Redis is not in it.
${redis === undefined ? '\nWithout Redis: there is no `redis-server` on the path.\n' : ''}
${verificationTable(measured)}

${goals(measured)}

${limitsOfTheMachine(await commitMilliseconds(context))}`;
  } finally {
    await redis?.stop();
  }
}

/** @param {import('../run.mjs').Context} context */
async function startSystems(context, redis) {
  const plain = await database(context, 'bench_plain', '');
  const limited = await database(context, 'bench_limited', LIMITED);
  const metered = await database(context, 'bench_metered', METERED);
  const start = (name, { databaseUrl }, env) => startProduct(context, { name, databaseUrl, env });
  const countedIn = async (store, env = {}) =>
    verifying(
      `one limit, ${store}`,
      await start(`limit-${store}`, limited, { RATE_LIMIT_STORE: store, ...env }),
      limited.keys,
    );
  const credits = await start('credits', metered);
  return [
    verifying(PLAIN, await start('plain', plain), plain.keys),
    await countedIn('memory'),
    ...(redis === undefined ? [] : [await countedIn('redis', { REDIS_URL: redis.url })]),
    await countedIn('postgres'),
    verifying('credits, one key', credits, metered.keys.slice(0, 1)),
    verifying('credits', credits, metered.keys),
  ];
}

/** A database of the product's with so many keys, to which this is done. */
async function database(context, name, sql) {
  context.say(`loading ${KEYS} keys into ${name}`);
  const databaseUrl = await createProductDatabase(context, name);
  const entries = await loadKeys(context, databaseUrl, KEYS, KEYS);
  await withClient(databaseUrl, async (client) => {
    await client.query(sql);
    await client.query('VACUUM ANALYZE');
  });
  return { databaseUrl, keys: entries.map(({ key }) => key) };
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function verificationTable(measured) {
  return table(
    [
      'verification',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'CPU',
      'PostgreSQL CPU',
      'cores',
      '× without',
      '× its CPU',
    ],
    [...measured].map(([name, rounds]) => [
      name,
      ...['perSecond', 'p50', 'p99', 'cpuPerThousand', 'postgresCpuPerThousand'].map((figure) =>
        number(typical(rounds, figure)),
      ),
      number(coresOf(rounds)),
      number(ratio(measured, name, PLAIN, 'perSecond')),
      number(ratio(measured, name, PLAIN, 'cpuPerThousand')),
    ]),
  );
}

/** Cores that were busy, of the server, PostgreSQL and the load generator. */
function coresOf(rounds) {
  const perSecond = typical(rounds, 'perSecond');
  const cpu = ['cpuPerThousand', 'postgresCpuPerThousand'].map((figure) => typical(rounds, figure));
  if (cpu.includes(undefined)) return undefined;
  return (perSecond * (cpu[0] + cpu[1])) / 1e6 + typical(rounds, 'generatorCores');
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function goals(measured) {
  const goal = (name, value) => ({
    figure: `${name}: throughput to that without limits`,
    direction: 'at least',
    goal: value,
    measured: measured.has(name) ? ratio(measured, name, PLAIN, 'perSecond') : undefined,
  });
  return goalsTable([
    goal('one limit, memory', 0.85),
    goal('one limit, redis', 0.75),
    goal('one limit, postgres', 0.6),
    goal('credits', 0.6),
    goal('credits, one key', 0.9),
  ]);
}

/** What no code of the service changes, for the rows that fall short. */
function limitsOfTheMachine({ p50, p99 }) {
  return `A commit alone, of one row on one connection, took ${number(p50)} ms here (p50; p99 ${number(p99)} ms), most of it for the disk. Credits are
answered after one: two statements are under way at a time, each for all the verifications that came while it was waited
for, so ${CONNECTIONS} connections get at most ${CONNECTIONS} answers in the time of about two commits. Limits in PostgreSQL wait for no disk
(their table is unlogged); each verification changes a row of its own there, which costs the CPU that the table shows,
on the cores that the server and the load generator use, too. Where all the cores are busy, it is this that ends it.`;
}

/** @param {import('../run.mjs').Context} context */
async function commitMilliseconds(context) {
  const url = await context.postgres.createDatabase('bench_commit');
  return withClient(url, async (client) => {
    await client.query('CREATE TABLE one (n integer NOT NULL)');
    await client.query('INSERT INTO one VALUES (0)');
    const times = [];
    for (let index = 0; index < 300; index += 1) {
      const startedAt = performance.now();
      await client.query('UPDATE one SET n = n + 1');
      times.push(performance.now() - startedAt);
    }
    times.sort((a, b) => a - b);
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
  });
}
