import { loadKeys } from '../lib/load-keys.mjs';
import { runLoad, saysValid } from '../lib/load.mjs';
import { runOpenLoop } from '../lib/open-loop.mjs';
import {
  bearer,
  createProductDatabase,
  issueKeys,
  makeApplications,
  startProduct,
  verification,
} from '../lib/product.mjs';
import { goalsTable, number, table } from '../lib/report.mjs';
import { median, shuffle } from '../lib/stats.mjs';

export const title = 'Latency at a fixed rate';

const KEYS = 10_000;
const CONNECTIONS = 64;
const RATES = [2_000, 10_000];
const APPLICATIONS = 10;
/** Milliseconds between two keys that are issued, verified for the first time and revoked. */
const CHANGE_EVERY_MS = 50;
const WAYS = ['alone', 'while keys change'];

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 2 : 5;
  const durationMs = context.quick ? 1000 : 4000;
  const databaseUrl = await createProductDatabase(context, 'bench_latency');
  const entries = await loadKeys(context, databaseUrl, KEYS, KEYS);
  const server = await startProduct(context, { name: 'latency', databaseUrl });
  const owner = await makeApplications(server, APPLICATIONS, 'changes@example.com');
  const requests = shuffle(entries).map(({ key }) => verification(key));
  const options = { port: server.port, requests, connections: CONNECTIONS, accept: saysValid };
  context.say('warming up');
  await runLoad(options);
  await runLoad({ ...options, durationMs });

  const cases = RATES.flatMap((rate) => WAYS.map((way) => ({ rate, way, results: [] })));
  for (let round = 0; round < rounds; round += 1) {
    for (const { rate, way, results } of cases) {
      const load = () => runOpenLoop({ ...options, rate, durationMs });
      const result = await (way === 'alone' ? load() : whileKeysChange(server, owner, load));
      if (result.failures > 0)
        throw new Error(`${result.failures} answers were wrong: ${result.firstFailure}`);
      results.push(result);
      context.say(
        `round ${round + 1} of ${rounds}, ${rate}/s ${way}: p99 ${result.p99.toFixed(2)} ms, p99.9 ${result.p999.toFixed(2)} ms`,
      );
    }
  }
  const typical = ({ results }, figure) => median(results.map((result) => result[figure]));
  return `${KEYS.toLocaleString('en')} warm keys over ${CONNECTIONS} connections, in an open loop: a request is due at its time whether or not
those before it have been answered, and its latency begins when it is due. So a pause of the server counts for all who
would have come in it (no coordinated omission). "Changing" issues a key, verifies it for the first time and revokes it,
one after the other every ${CHANGE_EVERY_MS} ms. The medians of ${rounds} rounds of ${durationMs / 1000} s. The last column is how late the load generator
itself was at the 99th percentile, which is in all figures: where it is near them, the machine was too busy to tell.

${table(
  ['verifications/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'longest ms', 'sent/s', 'generator late, p99 ms'],
  cases.map((one) => [
    `${one.rate.toLocaleString('en')}, ${one.way === 'alone' ? 'alone' : 'changing'}`,
    ...['p50', 'p99', 'p999', 'longest', 'perSecond', 'late'].map((figure) => number(typical(one, figure))),
  ]),
)}

${goalsTable([
  {
    figure: `p99 in ms at ${RATES[0].toLocaleString('en')}/s, alone`,
    direction: 'at most',
    goal: 2,
    measured: typical(cases[0], 'p99'),
  },
  {
    figure: `p99 in ms at ${RATES[0].toLocaleString('en')}/s, while keys change`,
    direction: 'at most',
    goal: 2,
    measured: typical(cases[1], 'p99'),
  },
])}`;
}

/** Issues, verifies and revokes keys as long as the load takes. */
async function whileKeysChange(server, owner, load) {
  let done = false;
  const changes = (async () => {
    while (!done) {
      const nextAt = performance.now() + CHANGE_EVERY_MS;
      const [{ id, key }] = await issueKeys(server, owner, 1);
      await once(server, verification(key), 200);
      await once(server, remove(`/apikey/${id}`, bearer(owner.accessToken)), 204);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextAt - performance.now())));
    }
  })();
  try {
    return await Promise.race([load(), changes.then(() => undefined)]);
  } finally {
    done = true;
    await changes;
  }
}

async function once({ port }, request, expected) {
  const accept = ({ status }) => status === expected;
  const { failures, firstFailure } = await runLoad({ port, requests: [request], connections: 1, accept });
  if (failures > 0) throw new Error(`A change failed: ${firstFailure}`);
}

/** A whole DELETE as the generator sends it. */
function remove(path, headers) {
  const lines = [`DELETE ${path} HTTP/1.1`, 'Host: 127.0.0.1'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}
