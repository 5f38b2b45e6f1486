import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { migrate } from '../../dist/src/infrastructure/database/migrate.js';
import { AS_SERVICE, insertServiceKey, pepper } from './keys.mjs';
import { post, runLoad } from './load.mjs';
import { withClient } from './postgres.mjs';
import { startServer } from './servers.mjs';

const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

/** Connections to PostgreSQL of each server: the default of both pg and the product. */
export const POOL_SIZE = 10;

/**
 * The product as it would be run in production, on a database that has its tables.
 *
 * @param {import('../run.mjs').Context} context
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.databaseUrl
 * @param {Record<string, string>} [options.env] settings that differ from the defaults
 * @param {URL[]} [options.preload] modules that it loads before its own
 * @returns {Promise<import('./servers.mjs').Server>}
 */
export async function startProduct(context, { name, databaseUrl, env = {}, preload = [] }) {
  const profiled = context.profileDirectory !== undefined;
  const modules = [...(profiled ? [new URL('profiler.mjs', import.meta.url)] : []), ...preload];
  const server = await startServer({
    name,
    program: join(context.root, 'dist', 'src', 'main.js'),
    env: {
      DATABASE_URL: databaseUrl,
      DATABASE_POOL_SIZE: String(POOL_SIZE),
      DATA_DIR: join(context.directory, 'data'),
      API_KEY_PEPPERS: `${pepper.version}=${pepper.key.toString('base64url')}`,
      JWT_SIGNING_KEY: signingKey,
      LOCAL_ACCOUNTS: 'open',
      MANAGEMENT_CALLS_PER_MINUTE: '10000000',
      MAX_APPLICATIONS_PER_OWNER: '1000000',
      MAX_APPLICATIONS_CREATED_PER_DAY: '1000000',
      MAX_KEYS_ISSUED_PER_DAY: '1000000000',
      MAX_CONNECTIONS_PER_ADDRESS: '1000000',
      ...(modules.length > 0 && { NODE_OPTIONS: modules.map(({ href }) => `--import ${href}`).join(' ') }),
      ...(profiled && { PROFILE_FILE: join(context.profileDirectory, `${name}.cpuprofile`) }),
      ...env,
    },
    logFile: join(context.directory, `${name.replaceAll(/\W+/g, '-')}.log`),
    readyPath: '/health/ready',
    cwd: context.directory,
  });
  return { ...server, profiled };
}

/** An empty database with the product's tables. @param {import('../run.mjs').Context} context @param {string} name */
export async function createProductDatabase(context, name) {
  const url = await context.postgres.createDatabase(name);
  await migrate(url);
  await withClient(url, insertServiceKey);
  return url;
}

/**
 * Registers somebody who makes so many applications.
 *
 * @param {import('./servers.mjs').Server} server
 * @param {number} count
 * @param {string} [email]
 * @returns {Promise<{ accessToken: string, applicationIds: string[] }>}
 */
export async function makeApplications(server, count, email = 'bench@example.com') {
  const call = async (path, body, token) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && bearer(token)),
      },
      body: JSON.stringify(body),
    });
    if (answer.status !== 201)
      throw new Error(`POST ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const { accessToken } = await call('/auth/register', {
    email,
    password: 'a long passphrase of the benchmark',
  });
  const applicationIds = [];
  for (let index = 0; index < count; index += 1) {
    applicationIds.push((await call('/applications', { name: `Bench ${index}` }, accessToken)).id);
  }
  return { accessToken, applicationIds };
}

/**
 * Issues keys through the API, for the applications in turn.
 *
 * @param {import('./servers.mjs').Server} server
 * @param {{ accessToken: string, applicationIds: string[] }} owner
 * @param {number} count
 * @returns {Promise<{ id: string, key: string }[]>}
 */
export async function issueKeys(server, { accessToken, applicationIds }, count) {
  const issued = [];
  const requests = Array.from({ length: count }, (_, index) =>
    post(
      `/apikey?ApplicationId=${applicationIds[index % applicationIds.length]}`,
      undefined,
      bearer(accessToken),
    ),
  );
  const { failures, firstFailure } = await runLoad({
    port: server.port,
    requests,
    connections: 16,
    accept: ({ status }) => status === 200,
    onAnswer: ({ head, data, bodyStart }) => {
      const [, id] = /\r\nlocation: \/apikey\/([\w-]+)/i.exec(head) ?? [];
      issued.push({ id, key: JSON.parse(data.toString('utf8', bodyStart)) });
    },
  });
  if (failures > 0) throw new Error(`Issuing failed: ${firstFailure}`);
  return issued;
}

/** The request that verifies a key. @param {string} key */
export function verification(key) {
  return post('/apikey/verify', { key }, AS_SERVICE);
}

/** The same without a service key. @param {{ key: string, applicationId: string }} entry */
export function anonymousVerification({ key, applicationId }) {
  return post('/apikey/verify', { key, applicationId });
}

/** @param {string} accessToken */
export function bearer(accessToken) {
  return { Authorization: `Bearer ${accessToken}` };
}
