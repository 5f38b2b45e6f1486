import { ratio, runBenchmark, typical } from '../lib/benchmark-run.mjs';
import { overHttp, startBaseline, verifying } from '../lib/systems.mjs';
import { loadKeys } from '../lib/load-keys.mjs';
import { createProductDatabase, startProduct } from '../lib/product.mjs';
export const title = 'Experiment';
const KEYS = 10_000;
export async function run(context) {
  const rounds = Number(process.env.ROUNDS ?? 12), seconds = Number(process.env.SECONDS ?? 1);
  const databaseUrl = await createProductDatabase(context, 'bench_product');
  const entries = await loadKeys(context, databaseUrl, KEYS, KEYS);
  const keys = entries.map(({ key }) => key);
  const systems = [
    verifying('node-http', await startBaseline(context, 'node-http', entries), keys),
    verifying('fastify', await startBaseline(context, 'fastify', entries), keys),
    verifying('warm', await startProduct(context, { name: 'warm', databaseUrl }), keys),
  ];
  const measured = await runBenchmark(context, { systems, rounds, seconds, connections: 64 });
  return [...measured].map(([n, r]) => `${n} ${typical(r,'perSecond').toFixed(0)}/s cpu ${typical(r,'cpuPerThousand').toFixed(1)} x ${ratio(measured,n,'node-http','perSecond').toFixed(3)} cpux ${ratio(measured,n,'node-http','cpuPerThousand').toFixed(3)}`).join('\n');
}
