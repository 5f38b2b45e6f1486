/**
 * The baseline of Fastify: the same as that of node:http, by a bare Fastify server.
 */
import fastify from 'fastify';
import { answerOf, recordsByHash } from '../lib/baseline.mjs';

const find = recordsByHash();
const app = fastify();

app.post('/apikey/verify', (request, reply) => reply.send(answerOf(find(request.body.key))));

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
process.send({ ready: true });
process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());
