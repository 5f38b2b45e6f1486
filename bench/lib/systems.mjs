import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEYS_PER_OWNER, recordOf } from './keys.mjs';
import { runLoad, saysValid } from './load.mjs';
import { startServer } from './servers.mjs';
import { POOL_SIZE, verification } from './product.mjs';
import { shuffle } from './stats.mjs';

const file = (name) => fileURLToPath(new URL(`../systems/${name}`, import.meta.url));

/**
 * A server that is sent requests over HTTP.
 *
 * @param {string} name
 * @param {import('./servers.mjs').Server} server
 * @param {Buffer[]} requests
 * @param {(answer: import('./load.mjs').Answer) => boolean} accept
 * @returns {import('./benchmark-run.mjs').SystemUnderTest}
 */
export function overHttp(name, server, requests, accept) {
  return {
    name,
    pid: server.pid,
    profiled: server.profiled,
    load: (options) => runLoad({ ...options, port: server.port, requests, accept }),
  };
}

/** A server that is asked to verify these keys. @param {string} name @param {import('./servers.mjs').Server} server @param {string[]} keys */
export function verifying(name, server, keys) {
  const requests = shuffle(keys).map(verification);
  return overHttp(name, server, requests, saysValid);
}

/**
 * @param {import('../run.mjs').Context} context
 * @param {'fastify' | 'node-http'} kind
 * @param {import('./keys.mjs').Entry[]} entries
 */
export function startBaseline(context, kind, entries) {
  const keysFile = join(context.directory, 'baseline-keys.json');
  writeFileSync(
    keysFile,
    JSON.stringify(entries.map((entry) => ({ key: entry.key, record: recordOf(entry) }))),
  );
  return startServer({
    name: `${kind} baseline`,
    program: file(`${kind}-baseline.mjs`),
    env: { KEYS_FILE: keysFile },
    logFile: join(context.directory, `${kind}-baseline.log`),
  });
}

/**
 * better-auth with so many keys, made through its own API; `ready.keys` are these.
 *
 * @param {import('../run.mjs').Context} context
 * @param {'database' | 'secondary-storage'} storage
 * @param {number} keys
 */
export async function startBetterAuth(context, storage, keys) {
  const name = `better-auth-${storage}`;
  return startServer({
    name,
    program: file('better-auth.mjs'),
    env: {
      DATABASE_URL: await context.postgres.createDatabase(`bench_${name.replaceAll('-', '_')}`),
      STORAGE: storage,
      USERS: String(keys / KEYS_PER_OWNER),
      KEYS_PER_USER: String(KEYS_PER_OWNER),
      POOL_SIZE: String(POOL_SIZE),
    },
    logFile: join(context.directory, `${name}.log`),
  });
}

/**
 * The product's own INSERTs by a bare pg loop, in a process of its own.
 *
 * @param {import('../run.mjs').Context} context
 * @param {string} databaseUrl
 * @param {string[]} applicationIds
 * @param {import('./template.mjs').Template} template
 * @returns {Promise<import('./benchmark-run.mjs').SystemUnderTest>}
 */
export async function startBareInserts(context, databaseUrl, applicationIds, template) {
  const server = await startServer({
    name: 'bare pg loop',
    program: file('bare-inserts.mjs'),
    env: {
      DATABASE_URL: databaseUrl,
      APPLICATION_IDS: JSON.stringify(applicationIds),
      TEMPLATE: JSON.stringify(template),
    },
    logFile: join(context.directory, 'bare-inserts.log'),
  });
  return {
    name: 'bare pg loop',
    pid: server.pid,
    load: ({ connections, durationMs }) => server.ask({ connections, durationMs }),
  };
}

/** Where webhooks are sent to, in a process of its own. @param {import('../run.mjs').Context} context */
export function startWebhookReceiver(context) {
  return startServer({
    name: 'webhook receiver',
    program: file('webhook-receiver.mjs'),
    env: {},
    logFile: join(context.directory, 'webhook-receiver.log'),
  });
}
