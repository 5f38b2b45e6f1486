import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { migrate } from '../../dist/src/infrastructure/database/migrate.js';
import { LOCAL_ISSUER } from '../../dist/src/shared/subject.js';
import { makeEntries, pepper } from './keys.mjs';
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
 * @returns {Promise<import('./servers.mjs').Server>}
 */
export async function startProduct(context, { name, databaseUrl, env = {} }) {
  const profiled = context.profileDirectory !== undefined;
  const server = await startServer({
    name,
    program: join(context.root, 'dist', 'src', 'main.js'),
    env: {
      DATABASE_URL: databaseUrl,
      DATABASE_POOL_SIZE: String(POOL_SIZE),
      DATA_DIR: join(context.directory, 'data'),
      API_KEY_PEPPERS: `${pepper.version}=${pepper.key.toString('base64url')}`,
      JWT_SIGNING_KEY: signingKey,
      ...(profiled && profiling(context, name)),
      ...env,
    },
    logFile: join(context.directory, `${name.replaceAll(/\W+/g, '-')}.log`),
    readyPath: '/health/ready',
    cwd: context.directory,
  });
  return { ...server, profiled };
}

function profiling({ profileDirectory }, name) {
  return {
    NODE_OPTIONS: `--import ${new URL('profiler.mjs', import.meta.url).href}`,
    PROFILE_FILE: join(profileDirectory, `${name}.cpuprofile`),
  };
}

/** An empty database with the product's tables. @param {import('../run.mjs').Context} context @param {string} name */
export async function createProductDatabase(context, name) {
  const url = await context.postgres.createDatabase(name);
  await migrate(url);
  return url;
}

/** Rows that are handed to COPY at once. */
const BATCH = 5000;

/**
 * Fills the tables by COPY with `total` keys, of which `wanted` are real ones, and gives those.
 *
 * @param {import('../run.mjs').Context} context
 * @param {string} databaseUrl
 * @param {number} total
 * @param {number} wanted
 * @returns {Promise<import('./keys.mjs').Entry[]>}
 */
export async function loadKeys(context, databaseUrl, total, wanted) {
  const now = new Date().toISOString();
  const real = [];
  const copies = await Promise.all([
    openCopy(databaseUrl, 'applications', [
      ...[
        'id',
        'name',
        'environment',
        'owner_issuer',
        'owner_subject',
        'created_at',
        'updated_at',
        'version',
      ],
    ]),
    openCopy(databaseUrl, 'api_keys', [
      ...['id', 'application_id', 'name', 'environment', 'scopes', 'metadata', 'enabled', 'created_at'],
      ...['created_by_issuer', 'created_by_subject', 'version'],
    ]),
    openCopy(databaseUrl, 'api_key_secrets', [
      ...['id', 'api_key_id', 'hash', 'pepper_version', 'hint', 'created_at'],
    ]),
  ]);
  const [applications, keys, secrets] = copies;
  let lastApplication = '';
  let loaded = 0;
  for (const entry of makeEntries(total, wanted)) {
    const { keyId, secretId, applicationId, ownerId, name, hint, hash } = entry;
    if (entry.key !== undefined) real.push(entry);
    if (applicationId !== lastApplication) {
      applications.add([applicationId, 'Bench', 'production', LOCAL_ISSUER, ownerId, now, now, 1]);
      lastApplication = applicationId;
    }
    keys.add([keyId, applicationId, name, 'live', '{}', '{}', 't', now, LOCAL_ISSUER, ownerId, 1]);
    secrets.add([secretId, keyId, `\\\\x${hash.toString('hex')}`, pepper.version, hint, now]);
    loaded += 1;
    if (loaded % BATCH === 0) await Promise.all(copies.map((copy) => copy.flush()));
    if (loaded % 500_000 === 0)
      context.say(`loaded ${(loaded / 1e6).toFixed(1)} of ${total / 1e6} million keys`);
  }
  await Promise.all(copies.map((copy) => copy.end()));
  await withClient(databaseUrl, async (client) => {
    await client.query('VACUUM ANALYZE');
    await client.query('CHECKPOINT');
  });
  return real;
}

async function openCopy(databaseUrl, table, columns) {
  const source = new PassThrough();
  const finished = withClient(databaseUrl, async (client) => {
    // The tables come over three connections, each its own transaction: no foreign key could be checked yet.
    await client.query('SET session_replication_role = replica');
    await pipeline(source, client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN`)));
  });
  finished.catch(() => undefined); // It is looked at below, whenever that comes.
  let rows = '';
  const flush = async () => {
    const text = rows;
    rows = '';
    if (text !== '' && !source.write(text)) await Promise.race([once(source, 'drain'), finished]);
  };
  return {
    add: (values) => void (rows += `${values.join('\t')}\n`),
    flush,
    end: async () => {
      await flush();
      source.end();
      await finished;
    },
  };
}

/**
 * Registers somebody who makes so many applications.
 *
 * @param {import('./servers.mjs').Server} server
 * @param {number} count
 * @returns {Promise<{ accessToken: string, applicationIds: string[] }>}
 */
export async function makeApplications(server, count) {
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
    email: 'bench@example.com',
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

/** @param {string} accessToken */
export function bearer(accessToken) {
  return { Authorization: `Bearer ${accessToken}` };
}
