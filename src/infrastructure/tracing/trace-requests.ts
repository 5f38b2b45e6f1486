import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { settingsOf } from '../../shared/http/route-settings.js';
import type { AnsweredRequest } from './tracer.js';
import type { Tracing } from './tracing.js';

/**
 * Has every request handled in a span, on its fast path too; without a tracer it does nothing at all. To be called before
 * the routes are registered, and after the fast paths were opened.
 */
export function traceRequests(fastify: FastifyInstance, { tracer }: Tracing): void {
  if (tracer === undefined) return;
  const routes = new WeakMap<IncomingMessage, string>();
  /** What takes a fast path comes to no hook. */
  const fastRoutes = new Set<string>();
  fastify.addHook('onRoute', (route) => {
    if (settingsOf(route.config).fastPath !== undefined) fastRoutes.add(route.url);
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404 && request.routeOptions.url !== undefined)
      routes.set(request.raw, request.routeOptions.url);
    done();
  });
  const routeOf = (message: IncomingMessage): string => {
    const { method, url = '' } = message;
    return routes.get(message) ?? (method === 'POST' && fastRoutes.has(url) ? url : 'unmatched');
  };

  const { server } = fastify;
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    const describe = (): AnsweredRequest => ({
      route: routeOf(message),
      status: response.headersSent ? response.statusCode : null,
    });
    tracer.request(message, response, describe, () => {
      for (const listener of listeners) listener.call(server, message, response);
    });
  });
}
