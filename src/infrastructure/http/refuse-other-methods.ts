import { METHODS } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '../../shared/domain-error.js';
import { sendProblem } from './problem.filter.js';

/** Node hands CONNECT to another event, and Fastify has its own opinion on a QUERY without a Content-Type. */
const LEFT_OUT = new Set(['CONNECT', 'QUERY']);

/**
 * Once every route is registered: answers each other method on a path that is known with 405 and `Allow`
 * (RFC 9110, section 15.5.6), and OPTIONS with `Allow` alone. Call the result before Fastify is ready.
 */
export function refuseOtherMethods(fastify: FastifyInstance): () => void {
  const declared = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const methods = declared.get(url) ?? new Set<string>();
    for (const name of [method].flat()) methods.add(name.toUpperCase());
    declared.set(url, methods);
  });
  return () => {
    for (const method of METHODS) {
      if (LEFT_OUT.has(method) || fastify.supportedMethods.includes(method)) continue;
      fastify.addHttpMethod(method, { hasBody: true });
    }
    for (const [url, methods] of [...declared]) addRefusals(fastify, url, methods);
  };
}

function addRefusals(fastify: FastifyInstance, url: string, declared: ReadonlySet<string>): void {
  const allow = [...declared, 'OPTIONS'].sort().join(', ');
  const others = METHODS.filter((method) => !LEFT_OUT.has(method) && !declared.has(method));
  fastify.route({
    url,
    method: others,
    // Before the body is read: it does not matter what it says.
    onRequest: (request, reply) => {
      reply.header('allow', allow);
      if (request.method === 'OPTIONS') {
        void reply.code(204).send();
        return;
      }
      const error = new DomainError('method_not_allowed', `Use one of: ${allow}.`);
      sendProblem(error, request, reply);
    },
    handler: () => undefined,
  });
}
