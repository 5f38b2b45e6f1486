/**
 * The floor of issuing: the two INSERTs of a new key in one transaction, by a loop on a pg connection for each
 * client. No HTTP, nobody authenticated, nothing checked, no key made.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { percentile } from '../lib/stats.mjs';

const { DATABASE_URL } = process.env;
const applicationIds = process.env.APPLICATION_IDS.split(',');
let issued = 0;

process.on('message', ({ connections, durationMs }) => {
  void run(connections, durationMs).then((result) => process.send({ answer: result }));
});
process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());
process.send({ ready: true });

async function run(connections, durationMs) {
  const clients = await Promise.all(Array.from({ length: connections }, () => openClient()));
  const latencies = [];
  const startedAt = performance.now();
  await Promise.all(clients.map((client) => loop(client, startedAt + durationMs, latencies)));
  const seconds = (performance.now() - startedAt) / 1000;
  await Promise.all(clients.map((client) => client.end()));
  const sorted = Float64Array.from(latencies).sort();
  return {
    requests: sorted.length,
    failures: 0,
    seconds,
    perSecond: sorted.length / seconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    generatorCores: 0,
    endedAt: 0,
  };
}

async function openClient() {
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  return client;
}

async function loop(client, deadline, latencies) {
  while (performance.now() < deadline) {
    const startedAt = performance.now();
    await insertKey(client);
    latencies.push(performance.now() - startedAt);
  }
}

async function insertKey(client) {
  issued += 1;
  const keyId = uuidv7();
  const now = new Date();
  await client.query('BEGIN');
  await client.query({
    name: 'key',
    text: `INSERT INTO api_keys (id, application_id, name, environment, scopes, metadata, enabled, created_at,
                                 created_by_issuer, created_by_subject, version)
           VALUES ($1, $2, $3, 'live', '{}', '{}', true, $4, 'local', 'bench', 1)`,
    values: [keyId, applicationIds[issued % applicationIds.length], `Key ${issued}`, now],
  });
  await client.query({
    name: 'secret',
    text: `INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, hint, created_at)
           VALUES ($1, $2, $3, 1, 'upblit_live_…0000', $4)`,
    values: [uuidv7(), keyId, randomBytes(32), now],
  });
  await client.query('COMMIT');
}
