import { ratio, runContest, typical } from '../lib/contest.mjs';
import { verifying } from '../lib/contestants.mjs';
import { loadKeys } from '../lib/load-keys.mjs';
import { withClient } from '../lib/postgres.mjs';
import { createProductDatabase, startProduct } from '../lib/product.mjs';
import { startRedis } from '../lib/redis.mjs';
import { number, table } from '../lib/report.mjs';

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
  const rounds = context.quick ? 2 : 7;
  const seconds = context.quick ? 1 : 4;
  const redis = await startRedis();
  try {
    const contestants = await startContestants(context, redis);
    const measured = await runContest(context, { contestants, rounds, seconds, connections: CONNECTIONS });
    return `Warm; ${KEYS.toLocaleString('en')} distinct keys unless it says one, ${CONNECTIONS} connections; the medians of ${rounds} rounds of
${seconds} s. CPU is in milliseconds for a thousand verifications. Credits are spent by commits that are on disk.
${redis === undefined ? '\nWithout Redis: there is no `redis-server` on the path.\n' : ''}
${verificationTable(measured)}`;
  } finally {
    await redis?.stop();
  }
}

/** @param {import('../run.mjs').Context} context */
async function startContestants(context, redis) {
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

/** @param {import('../lib/contest.mjs').Measured} measured */
function verificationTable(measured) {
  return table(
    ['verification', 'requests/s', 'p50 ms', 'p99 ms', 'CPU', 'PostgreSQL CPU', '× without'],
    [...measured].map(([name, rounds]) => [
      name,
      ...['perSecond', 'p50', 'p99', 'cpuPerThousand', 'postgresCpuPerThousand'].map((figure) =>
        number(typical(rounds, figure)),
      ),
      number(ratio(measured, name, PLAIN, 'perSecond')),
    ]),
  );
}
