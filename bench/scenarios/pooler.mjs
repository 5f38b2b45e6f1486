import { ratio, runBenchmark, typical } from '../lib/benchmark-run.mjs';
import { overHttp, verifying } from '../lib/systems.mjs';
import { loadKeys } from '../lib/load-keys.mjs';
import { post } from '../lib/load.mjs';
import { startPgBouncer } from '../lib/pgbouncer.mjs';
import { bearer, createProductDatabase, makeApplications, startProduct } from '../lib/product.mjs';
import { number, table } from '../lib/report.mjs';

export const title = 'Through a pooler';

const KEYS = 10_000;
const CLIENTS = 16;
const APPLICATIONS = 100;

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 2 : 5;
  const seconds = context.quick ? 1 : 3;
  const databaseUrl = await createProductDatabase(context, 'bench_pooler');
  const entries = await loadKeys(context, databaseUrl, KEYS, KEYS);
  const pooler = await startPgBouncer(databaseUrl);
  if (pooler === undefined) return 'Not measured: there was no `pgbouncer` on the path.';
  try {
    const ways = {
      without: { DATABASE_URL: databaseUrl },
      'through PgBouncer': { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: databaseUrl },
    };
    const systems = [];
    for (const [way, variables] of Object.entries(ways)) {
      systems.push(...(await startWay(context, way, databaseUrl, variables, entries)));
    }
    const measured = await runBenchmark(context, {
      systems,
      rounds,
      seconds,
      connections: CLIENTS,
      warmUpMs: seconds * 1000,
    });
    return `The same calls with PostgreSQL on the same machine, and with PgBouncer ${pooler.version} in transaction mode in between, at
${CLIENTS} clients; the medians of ${rounds} rounds of ${seconds} s. "Cold" asks the database for each of ${KEYS.toLocaleString('en')} keys; issuing is for
${APPLICATIONS} applications in turn. CPU is in milliseconds for a thousand calls, without that of PgBouncer.

${poolerTable(measured)}`;
  } finally {
    await pooler.stop();
  }
}

async function startWay(context, way, databaseUrl, variables, entries) {
  const name = way.replaceAll(/\W+/g, '-');
  const env = { ...variables, VERIFY_CACHE_ENTRIES: '0', MAX_ACTIVE_KEYS_PER_APPLICATION: '1000000' };
  const server = await startProduct(context, { name, databaseUrl, env });
  const owner = await makeApplications(server, APPLICATIONS, `${name}@example.com`);
  const issuing = owner.applicationIds.map((id) =>
    post(`/apikey?ApplicationId=${id}`, undefined, bearer(owner.accessToken)),
  );
  const answersKey = ({ status, data, bodyStart }) =>
    status === 200 && data.indexOf('"upblit_live_', bodyStart) === bodyStart;
  return [
    verifying(
      `verify, cold, ${way}`,
      server,
      entries.map(({ key }) => key),
    ),
    overHttp(`issue, ${way}`, server, issuing, answersKey),
  ];
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function poolerTable(measured) {
  return table(
    ['call', 'calls/s', 'p50 ms', 'p99 ms', 'CPU', 'PostgreSQL CPU', '× without'],
    [...measured].map(([name, rounds]) => [
      name,
      ...['perSecond', 'p50', 'p99', 'cpuPerThousand', 'postgresCpuPerThousand'].map((figure) =>
        number(typical(rounds, figure)),
      ),
      number(ratio(measured, name, `${name.slice(0, name.lastIndexOf(', '))}, without`, 'perSecond')),
    ]),
  );
}
