import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../lib/postgres.mjs';
import { usageOfTree } from '../lib/processes.mjs';
import { createProductDatabase, issueKeys, makeApplications, startProduct } from '../lib/product.mjs';
import { number, table } from '../lib/report.mjs';
import { revoke, verifyEverywhere } from '../lib/revocations.mjs';
import { percentile } from '../lib/stats.mjs';

export const title = 'Nodes on one PostgreSQL';

const COUNTS = [1, 2, 3, 8, 16];
const APPLICATIONS = 10;
/** Connections of a node for its requests: sixteen nodes have to fit into PostgreSQL's. */
const POOL_SIZE = '5';
/** Milliseconds in which nodes that have just started settle down. */
const SETTLE_MS = 2000;

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const revocations = context.quick ? 20 : 200;
  const idleMs = context.quick ? 2000 : 10_000;
  const databaseUrl = await createProductDatabase(context, 'bench_product');
  const nodes = [];
  const rows = [];
  let owner;
  for (const count of COUNTS) {
    context.say(`${count} nodes`);
    while (nodes.length < count) {
      const name = `node-${nodes.length + 1}`;
      nodes.push(await startProduct(context, { name, databaseUrl, env: { DATABASE_POOL_SIZE: POOL_SIZE } }));
    }
    owner ??= await makeApplications(nodes[0], APPLICATIONS);
    await sleep(SETTLE_MS);
    const { renewals, cpu } = await atRest(context, databaseUrl, idleMs);
    const times = await revokeKnown(nodes, owner, revocations);
    rows.push([
      String(count),
      number(renewals),
      cpu === undefined ? '–' : `${number(cpu * 100)} %`,
      number(percentile(times, 0.5)),
      number(percentile(times, 0.99)),
    ]);
  }
  return `Nodes that verify write nothing; each renews its lease. The CPU is PostgreSQL's, of one core, while nobody calls
anything. The time is that from \`DELETE /apikey/{id}\` sent to answered, ${revocations} keys one after the other, each of which
every node had in memory and refused afterwards.

${table(['nodes', 'renewals / s', 'CPU at rest', 'revocation p50 ms', 'p99 ms'], rows)}`;
}

/** What the leases alone cost PostgreSQL: renewals a second, and CPU seconds a second. */
async function atRest({ postgres }, databaseUrl, milliseconds) {
  const before = { usage: usageOfTree(postgres.pid), renewals: await readRenewals(databaseUrl) };
  const began = performance.now();
  await sleep(milliseconds);
  const seconds = (performance.now() - began) / 1000;
  const usage = usageOfTree(postgres.pid);
  return {
    renewals: ((await readRenewals(databaseUrl)) - before.renewals) / seconds,
    cpu: usage && (usage.cpuSeconds - before.usage.cpuSeconds) / seconds,
  };
}

/** Renewals of all nodes there have been; each node numbers its own. */
function readRenewals(databaseUrl) {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query('SELECT sum(renewal)::float8 AS renewals FROM freshness_renewals');
    return rows[0].renewals;
  });
}

async function revokeKnown(nodes, owner, count) {
  const keys = await issueKeys(nodes[0], owner, count);
  await verifyEverywhere(nodes, keys);
  return revoke(nodes, keys, owner.accessToken, 1);
}
