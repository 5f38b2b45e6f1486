import { runLoad } from '../lib/load.mjs';
import {
  createProductDatabase,
  issueKeys,
  makeApplications,
  startProduct,
  verification,
} from '../lib/product.mjs';
import { goalsTable, number, table } from '../lib/report.mjs';
import { revoke, verifyEverywhere } from '../lib/revocations.mjs';
import { percentile } from '../lib/stats.mjs';

export const title = 'Revocation on three nodes';

const NODES = 3;
const APPLICATIONS = 10;

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const revocations = context.quick ? 100 : 1000;
  const databaseUrl = await createProductDatabase(context, 'bench_product');
  const nodes = [];
  for (let index = 0; index < NODES; index += 1) {
    nodes.push(await startProduct(context, { name: `node-${index + 1}`, databaseUrl }));
  }
  const owner = await makeApplications(nodes[0], APPLICATIONS);
  const revokeAll = async (callers) => {
    const keys = await issueKeys(nodes[0], owner, revocations);
    await verifyEverywhere(nodes, keys);
    return revoke(nodes, keys, owner.accessToken, callers);
  };
  // Once for nothing: the first calls find the code uncompiled.
  await revokeAll(1);
  context.say('revoking, one after the other');
  const alone = await revokeAll(1);
  context.say('revoking, 16 at once');
  const together = await revokeAll(16);
  context.say('revoking, one after the other, while every node verifies');
  const loaded = await whileVerifying(nodes, owner, () => revokeAll(1));
  return `From \`DELETE /apikey/{id}\` sent to answered, ${revocations} keys in each row, the nodes asked in turn. Every key had been
verified on all ${NODES} nodes before, and was verified on all of them right after the answer: each said \`REVOKED\`.

${table(
  ['', 'p50 ms', 'p99 ms', 'longest ms'],
  [
    ['one after the other', ...figures(alone)],
    ['16 at once', ...figures(together)],
    ['one after the other, every node verifying on one connection', ...figures(loaded)],
  ],
)}

${goalsTable([
  {
    figure: 'healthy revocation: p99 in ms',
    direction: 'at most',
    goal: 50,
    measured: percentile(alone, 0.99),
  },
])}`;
}

/** @param {Float64Array} sorted */
function figures(sorted) {
  return [percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(sorted, 1)].map(number);
}

/** Has every node verify other keys on one connection as long as the work takes. */
async function whileVerifying(nodes, owner, work) {
  const others = await issueKeys(nodes[0], owner, 1000);
  const requests = others.map(({ key }) => verification(key));
  let done = false;
  const loads = nodes.map(async ({ port }) => {
    while (!done) {
      await runLoad({
        port,
        requests,
        connections: 1,
        durationMs: 500,
        accept: ({ status }) => status === 200,
      });
    }
  });
  try {
    return await work();
  } finally {
    done = true;
    await Promise.all(loads);
  }
}
