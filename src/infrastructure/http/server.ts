import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { ServerOptions } from 'node:http';
import { LogController, type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { DestinationStream } from 'pino';
import type { Env } from '../../config/env.js';
import { settingsOf } from '../../shared/http/route-settings.js';
import { DomainError } from '../../shared/domain-error.js';
import { traceIdOf } from '../../shared/http/trace-id.js';
import { isUuid } from '../../shared/uuid.js';
import { createLogger } from '../logging/logger.js';
import { RequestLogger } from '../logging/request-logger.js';
import type { Lifecycle } from './lifecycle.js';
import { answerClientError, answerNodeRefusals, refuseBadFraming } from './node-refusals.js';
import { keepOutageLog, OutageLog } from './outage-log.js';
import { sendProblem } from './problem.filter.js';
import { answerExpectContinue, BODY_LIMIT } from './request-body.js';
import { requestIdOf } from './request-id.js';
import { commonHeaders, SECURITY_HEADERS } from './security-headers.js';
import { limitConnections } from './limit-connections.js';
import { surviveSocketErrors } from './sockets.js';

const HEADER_LIMIT = 16 * 1024;

/** The HTTP server with its limits and time-outs. Nothing is registered on it yet. */
export function createServer(env: Env, log?: DestinationStream): FastifyAdapter {
  const options: FastifyServerOptions & { http: ServerOptions } = {
    loggerInstance: createLogger(env, log),
    childLoggerFactory: (logger, bindings, _options, message) => {
      const traceId = traceIdOf(message);
      return new RequestLogger(logger, traceId === undefined ? bindings : { ...bindings, traceId });
    },
    // One line a request is written when it is answered, by observeRequests().
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    requestIdHeader: false,
    trustProxy: env.TRUST_PROXY ?? false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: env.REQUEST_TIMEOUT_MS,
    connectionTimeout: silenceLimit(env),
    keepAliveTimeout: env.KEEP_ALIVE_TIMEOUT_MS,
    http: {
      // Answered by refuseBadFraming(), as a problem document.
      requireHostHeader: false,
      maxHeaderSize: HEADER_LIMIT,
      headersTimeout: Math.min(env.HEADERS_TIMEOUT_MS, env.REQUEST_TIMEOUT_MS),
      // Milliseconds between Node's looks for requests that are overdue.
      connectionsCheckingInterval: 500,
    },
    // An id in a path that is too long is a malformed id, and the token is looked at before it.
    routerOptions: { maxParamLength: HEADER_LIMIT },
    // What a schema does not know is refused, never dropped or bent into shape.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false },
      // A UUID as every route takes it: ajv's own format would take `urn:uuid:…`, too.
      onCreate: (ajv) => ajv.addFormat('uuid', { type: 'string', validate: isUuidOfAnyCase }),
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply);
    },
    return503OnClosing: false,
  };
  // No middleware and no uploads here: their engines would look at every request.
  return new FastifyAdapter({ ...options, skipMiddie: true, multipart: false });
}

/** What every request goes through before its route, in this order. */
export function setUpServer(fastify: FastifyInstance, env: Env, lifecycle: Lifecycle): void {
  const { server } = fastify;
  server.maxConnections = env.MAX_CONNECTIONS;
  surviveSocketErrors(server);
  limitConnections(server, env);
  const outages = new OutageLog(fastify.log);
  keepOutageLog(server, outages);
  fastify.addHook('onClose', () => {
    outages.close();
  });
  answerNodeRefusals(server);
  answerExpectContinue(server);

  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(commonHeaders(request));
    if (request.is404) reply.headers(SECURITY_HEADERS);
    if (lifecycle.isClosing) reply.header('connection', 'close');
    refuseBadFraming(request.raw);
    done();
  });
  // Fastify's own `handlerTimeout` is called off once the body has been read. This begins then, and so it gives no more
  // time to who sends slowly, and no less.
  fastify.addHook('preValidation', (request, reply, done) => {
    const timer = setTimeout(() => {
      // What is streamed has begun to be answered.
      if (!reply.sent && !reply.raw.headersSent) sendProblem(tooLate(), request, reply);
    }, env.RESPONSE_TIMEOUT_MS);
    reply.raw.once('close', () => {
      clearTimeout(timer);
    });
    done();
  });
  fastify.addHook('onRoute', (route) => {
    const { bodyLimit, isHot } = settingsOf(route.config);
    if (bodyLimit !== undefined) route.bodyLimit = bodyLimit;
    if (isHot === true) return;
    route.onRequest = [
      (_request, reply, done) => {
        reply.headers(SECURITY_HEADERS);
        done();
      },
      ...[route.onRequest ?? []].flat(),
    ];
  });
}

/**
 * Milliseconds without a byte in either direction after which a connection is ended: longer than any request or answer
 * may take. So a client that sends requests and reads no answer does not hold its connection, and what waits to be
 * written to it, for ever. Connections between requests have the time-out of their own.
 */
function silenceLimit({ REQUEST_TIMEOUT_MS, RESPONSE_TIMEOUT_MS }: Env): number {
  return Math.max(REQUEST_TIMEOUT_MS, RESPONSE_TIMEOUT_MS) + 1000;
}

/** What is answered when the time for an answer is over. */
export function tooLate(): DomainError {
  return new DomainError('service_unavailable', 'Try again in a moment.', {
    retryAfter: 1,
    cause: new Error('The request is still worked on, and the time for its answer is over.'),
  });
}

function isUuidOfAnyCase(text: string): boolean {
  return isUuid(text.toLowerCase());
}
