/**
 * The floor: what verification would cost if it were nothing but a bare Fastify server that parses the body,
 * computes one HMAC-SHA-256 and looks it up in a Map. It checks nothing else and can revoke nothing.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fastify from 'fastify';

const pepper = randomBytes(32);
const hashOf = (key) => createHmac('sha256', pepper).update(key).digest('base64url');

/** @type {{ key: string, record: object }[]} */
const entries = JSON.parse(readFileSync(process.env.KEYS_FILE, 'utf8'));
const records = new Map(entries.map(({ key, record }) => [hashOf(key), record]));

const app = fastify();

app.post('/apikey/verify', (request, reply) => {
  const record = records.get(hashOf(request.body.key));
  if (record === undefined) return reply.send({ valid: false, code: 'NOT_FOUND' });
  return reply.send({
    valid: true,
    code: 'VALID',
    keyId: record.keyId,
    applicationId: record.applicationId,
    ownerId: record.ownerId,
    name: record.name,
    environment: record.environment,
    scopes: record.scopes,
    metadata: record.metadata,
    expiresAt: record.expiresAt,
  });
});

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
process.send({ ready: true });
process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());
