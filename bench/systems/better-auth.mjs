/**
 * better-auth's API-key plugin behind a bare Fastify server.
 *
 * Configured as its documentation advises for production (docs/plugins/api-key, docs/guides/optimizing-for-
 * performance): hashing on, a pg Pool with its own migrations (which index the columns it looks up), deferred
 * updates with a background handler, telemetry off. The limit of each key, 10 requests a day by default, is
 * off: every key is verified thousands of times here.
 *
 * STORAGE=database keeps the keys in PostgreSQL alone, the default; STORAGE=secondary-storage keeps them in a
 * Map of this process, the fastest secondary storage there can be.
 */
import { apiKey } from '@better-auth/api-key';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import fastify from 'fastify';
import pg from 'pg';

const { DATABASE_URL, STORAGE, USERS, KEYS_PER_USER, POOL_SIZE, PORT } = process.env;

const memory = new Map();
const inMemory = {
  get: (key) => memory.get(key) ?? null,
  set: (key, value) => void memory.set(key, value),
  delete: (key) => void memory.delete(key),
};

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: 'a secret of the benchmark, of more than 32 characters',
  database: new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE) }),
  ...(STORAGE === 'secondary-storage' && { secondaryStorage: inMemory }),
  telemetry: { enabled: false },
  advanced: { backgroundTasks: { handler: (task) => void task } },
  plugins: [
    apiKey({
      storage: STORAGE,
      deferUpdates: true,
      enableMetadata: true,
      defaultPrefix: 'upblit_live_',
      rateLimit: { enabled: false },
    }),
  ],
});

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const users = await createUsers();
const keys = await createKeys();

const app = fastify();

app.post('/apikey/verify', async (request) => {
  const { valid, error, key } = await auth.api.verifyApiKey({ body: { key: request.body.key } });
  if (!valid) return { valid: false, code: error.code };
  return {
    valid: true,
    code: 'VALID',
    keyId: key.id,
    applicationId: key.configId,
    ownerId: key.referenceId,
    name: key.name,
    environment: 'live',
    scopes: key.permissions?.api ?? [],
    metadata: key.metadata ?? {},
    expiresAt: key.expiresAt,
  };
});

/** Creating, with nobody authenticated: the plugin takes the owner's id from whoever calls it on the server. */
let created = 0;
app.post('/apikey', async (_request, reply) => {
  created += 1;
  const { key } = await auth.api.createApiKey({
    body: { userId: users[created % users.length], name: `Key ${created}` },
  });
  return reply.type('application/json').send(JSON.stringify(key));
});

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
process.send({ ready: { keys } });
process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());

async function createUsers() {
  const { internalAdapter } = await auth.$context;
  const ids = [];
  for (let index = 0; index < Number(USERS); index += 1) {
    const user = await internalAdapter.createUser({
      name: `User ${index}`,
      email: `user-${index}@example.com`,
      emailVerified: true,
    });
    ids.push(user.id);
  }
  return ids;
}

/** Through its own API, ten at a time. */
async function createKeys() {
  const names = users.flatMap((userId) =>
    Array.from({ length: Number(KEYS_PER_USER) }, (_, index) => ({ userId, name: `Key ${index}` })),
  );
  const plaintexts = [];
  for (let at = 0; at < names.length; at += 10) {
    const batch = names.slice(at, at + 10).map((body) => auth.api.createApiKey({ body }));
    for (const { key } of await Promise.all(batch)) plaintexts.push(key);
  }
  return plaintexts;
}
