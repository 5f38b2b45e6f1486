import { AS_SERVICE } from './keys.mjs';
import { runLoad } from './load.mjs';
import { bearer, verification } from './product.mjs';

/**
 * Revokes all the keys, so many at once, asking the nodes in turn. One key accepted afterwards ends the benchmark.
 *
 * @param {import('./servers.mjs').Server[]} nodes
 * @param {{ id: string, key: string }[]} keys
 * @param {string} accessToken
 * @param {number} callers
 * @returns {Promise<Float64Array>} the milliseconds of each call, sorted
 */
export async function revoke(nodes, keys, accessToken, callers) {
  const latencies = [];
  let next = 0;
  const caller = async () => {
    while (next < keys.length) {
      const { id, key } = keys[next];
      const node = nodes[next % nodes.length];
      next += 1;
      const sentAt = performance.now();
      const answer = await fetch(`http://127.0.0.1:${node.port}/apikey/${id}`, {
        method: 'DELETE',
        headers: bearer(accessToken),
      });
      latencies.push(performance.now() - sentAt);
      if (answer.status !== 204) throw new Error(`DELETE answered ${answer.status}: ${await answer.text()}`);
      const codes = await Promise.all(nodes.map((each) => verify(each, key)));
      if (codes.some((code) => code !== 'REVOKED'))
        throw new Error(`After its revocation a key is ${codes.join()}`);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return Float64Array.from(latencies).sort();
}

async function verify(node, key) {
  const answer = await fetch(`http://127.0.0.1:${node.port}/apikey/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...AS_SERVICE },
    body: JSON.stringify({ key }),
  });
  return (await answer.json()).code;
}

/**
 * Has every node answer for every key, so that it has them in memory.
 *
 * @param {import('./servers.mjs').Server[]} nodes
 * @param {{ key: string }[]} keys
 */
export async function verifyEverywhere(nodes, keys) {
  const requests = keys.map(({ key }) => verification(key));
  for (const { port } of nodes) await runLoad({ port, requests, accept: ({ status }) => status === 200 });
}
