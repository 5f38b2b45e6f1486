/**
 * The baseline of issuing: the two INSERTs of a new key in one transaction, by a loop on a pg connection for each
 * client. No HTTP, nobody authenticated, nothing checked, no key made.
 */
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { madeUpSecret } from '../lib/keys.mjs';
import { percentile } from '../lib/stats.mjs';
import { valuesOf } from '../lib/template.mjs';

const { DATABASE_URL } = process.env;
const applicationIds = JSON.parse(process.env.APPLICATION_IDS);
/** @type {import('../lib/template.mjs').Template} */
const template = JSON.parse(process.env.TEMPLATE);
const statements = ['api_keys', 'api_key_secrets'].map(prepareInsert);
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
  const applicationId = applicationIds[issued % applicationIds.length];
  const ids = { keyId: uuidv7(), secretId: uuidv7(), applicationId, ownerId: '' };
  const values = valuesOf({ ...ids, ...madeUpSecret(), name: `Key ${issued}` });
  await client.query('BEGIN');
  for (const statement of statements) await client.query(statement(values));
  await client.query('COMMIT');
}

/** An INSERT of a whole row, prepared once on each connection. @param {string} table */
function prepareInsert(table) {
  const row = template[table];
  const columns = Object.keys(row);
  const parameters = columns.map((_, index) => `$${index + 1}`);
  const text = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${parameters.join(', ')})`;
  return (values) => ({
    name: table,
    text,
    values: columns.map((column) => values[table][column] ?? row[column]),
  });
}
