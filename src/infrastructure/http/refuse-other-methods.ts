import { METHODS } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { settingsOf, type RouteSettings } from '../../shared/http/route-settings.js';
import { DomainError } from '../../shared/domain-error.js';
import { sendProblem } from './problem.filter.js';

/** Node hands CONNECT to another event, and Fastify has its own opinion on a QUERY without a Content-Type. */
const LEFT_OUT = new Set(['CONNECT', 'QUERY']);

/** A path with the methods it takes, and how its first one is served. */
interface Declared {
  methods: Set<string>;
  settings: RouteSettings;
}

/**
 * Once every route is registered: answers each other method on a path that is known with 405 and `Allow`
 * (RFC 9110, section 15.5.6), and OPTIONS with `Allow` alone. Call the result before Fastify is ready.
 */
export function refuseOtherMethods(fastify: FastifyInstance): () => void {
  const declared = new Map<string, Declared>();
  fastify.addHook('onRoute', ({ url, method, config }) => {
    // All paths at once, and so none that is known.
    if (url === '*' || url === '/*') return;
    const { fastPath: _ofItsMethod, ...settings } = settingsOf(config);
    const path = declared.get(url) ?? { methods: new Set(), settings };
    for (const name of [method].flat()) path.methods.add(name.toUpperCase());
    declared.set(url, path);
  });
  return () => {
    for (const method of METHODS) {
      if (LEFT_OUT.has(method) || fastify.supportedMethods.includes(method)) continue;
      fastify.addHttpMethod(method, { hasBody: true });
    }
    for (const [url, path] of [...declared]) addRefusals(fastify, url, path);
  };
}

function addRefusals(fastify: FastifyInstance, url: string, { methods, settings }: Declared): void {
  const allow = [...methods, 'OPTIONS'].sort().join(', ');
  const others = METHODS.filter((method) => !LEFT_OUT.has(method) && !methods.has(method));
  fastify.route({
    url,
    method: others,
    config: { settings },
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
