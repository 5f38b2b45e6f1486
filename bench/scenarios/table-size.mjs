import { ratio, runBenchmark, typical } from '../lib/benchmark-run.mjs';
import { verifying } from '../lib/systems.mjs';
import { loadKeys } from '../lib/load-keys.mjs';
import { withClient } from '../lib/postgres.mjs';
import { createProductDatabase, startProduct } from '../lib/product.mjs';
import { goalsTable, megabytes, number, table } from '../lib/report.mjs';

export const title = 'Verification with many keys in the table';

const VERIFIED_KEYS = 10_000;
const CONNECTIONS = 64;
const SMALL = { label: '10 thousand', keys: 10_000 };
const MIDDLE = { label: '1 million', keys: 1_000_000 };
const LARGE = { label: '10 million', keys: 10_000_000 };

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 2 : 5;
  const seconds = context.quick ? 1 : 3;
  const sizes = context.large ? [SMALL, MIDDLE, LARGE] : [SMALL, MIDDLE];
  const systems = [];
  const tableSizes = [];
  for (const { label, keys: total } of sizes) {
    context.say(`loading ${label} keys by COPY`);
    const databaseUrl = await createProductDatabase(context, `bench_size_${total}`);
    const entries = await loadKeys(context, databaseUrl, total, VERIFIED_KEYS);
    tableSizes.push([label, ...(await sizesOf(databaseUrl))]);
    const keys = entries.map(({ key }) => key);
    for (const [state, env] of [
      ['warm', {}],
      ['cold', { VERIFY_CACHE_ENTRIES: '0' }],
    ]) {
      const server = await startProduct(context, { name: `${state}-${total}`, databaseUrl, env });
      systems.push(verifying(`${label}, ${state}`, server, keys));
    }
  }
  const measured = await runBenchmark(context, { systems, rounds, seconds, connections: CONNECTIONS });
  return `${VERIFIED_KEYS.toLocaleString('en')} of the keys, spread evenly over the table, are verified at ${CONNECTIONS} connections; the medians of
${rounds} rounds of ${seconds} s. CPU is in milliseconds for a thousand verifications.

${verificationTable(measured)}

${table(['keys', 'api_keys', 'its indexes', 'api_key_secrets', 'its indexes', 'applications, all'], tableSizes)}

${goals(measured)}`;
}

async function sizesOf(databaseUrl) {
  const { rows } = await withClient(databaseUrl, (client) =>
    client.query(`
      SELECT pg_table_size('api_keys') AS keys, pg_indexes_size('api_keys') AS keys_indexes,
             pg_table_size('api_key_secrets') AS secrets, pg_indexes_size('api_key_secrets') AS secrets_indexes,
             pg_total_relation_size('applications') AS applications`),
  );
  return Object.values(rows[0]).map((bytes) => megabytes(Number(bytes)));
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function verificationTable(measured) {
  return table(
    ['keys in the table', 'requests/s', 'p50 ms', 'p99 ms', 'CPU', 'PostgreSQL CPU'],
    [...measured].map(([name, rounds]) => [
      name,
      ...['perSecond', 'p50', 'p99', 'cpuPerThousand', 'postgresCpuPerThousand'].map((figure) =>
        number(typical(rounds, figure)),
      ),
    ]),
  );
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function goals(measured) {
  const large = `${LARGE.label}, cold`;
  return goalsTable([
    {
      figure: `cold: p99 with ${LARGE.label} keys to that with ${SMALL.label}`,
      direction: 'at most',
      goal: 1.2,
      measured: measured.has(large) ? ratio(measured, large, `${SMALL.label}, cold`, 'p99') : undefined,
    },
  ]);
}
