import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type ErrorCode } from '../../shared/domain-error.js';
import { scrubPath } from '../logging/scrub.js';
import { outageLogOf } from './outage-log.js';
import { PROBLEM_CONTENT_TYPE, PROBLEMS, problemHeaders, toProblem } from './problem.js';
import { commonHeaders } from './security-headers.js';
import { toDomainError } from './to-domain-error.js';
import { UnreadableBody } from './unreadable-body.js';

/** Every error that reaches Nest or Fastify leaves as a problem document (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

/** The codes of the problems that were answered. */
const answered = new WeakMap<FastifyReply, ErrorCode>();

/** The code of the problem that a reply is; undefined for one that is none. */
export function problemCodeOf(reply: FastifyReply): ErrorCode | undefined {
  return answered.get(reply);
}

/** Answers a request with the problem document of an error, and logs what is our own fault. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = withDocs(toDomainError(error), request);
  const { status } = PROBLEMS[refusal.code];
  logFault(refusal, status, request);
  if (reply.sent) return;
  answered.set(reply, refusal.code);
  // The rest of a body that was too large is not read: the connection cannot be used again.
  if (request.body instanceof UnreadableBody && request.body.error.code === 'payload_too_large') {
    reply.header('connection', 'close');
  }
  void reply
    .code(status)
    // Set before for most, but Fastify refuses a malformed URL before any hook.
    .headers(commonHeaders(request))
    .headers(problemHeaders(refusal))
    .header('content-type', PROBLEM_CONTENT_TYPE)
    // Serialized here: a route's response schemas are for what it answers when all is well.
    .serializer(JSON.stringify)
    .send(toProblem(refusal, request.id, scrubPath(request.raw.url ?? '/', patternOf(request))));
}

/** Of a path that no route has: says where the routes are described, where they are. */
function withDocs(refusal: DomainError, request: FastifyRequest): DomainError {
  const isServed = (): boolean => request.server.hasRoute({ method: 'GET', url: '/docs' });
  if (refusal.code !== 'not_found' || !request.is404 || !isServed()) return refusal;
  const detail = 'There is nothing at this path: see /docs for what there is, or /openapi.json.';
  return new DomainError(refusal.code, detail, refusal.details);
}

/** Undefined for a path that no route has, and for one that is no URL. */
function patternOf(request: FastifyRequest): string | undefined {
  const { routeOptions } = request as { routeOptions?: { url?: string } };
  return request.is404 ? undefined : routeOptions?.url;
}

function logFault(refusal: DomainError, status: number, request: FastifyRequest): void {
  if (status < 500) return;
  const cause = refusal.details.cause ?? refusal;
  if (status !== 503) request.log.error({ err: cause }, 'answered 500');
  // That this process ends, or is not ready, is said by whoever ends it, or asks.
  else if (refusal.details.isExpected !== true && !isCutOff(request))
    outageLogOf(request.server.server)?.note(cause);
}

/** Whether the client has gone before its request was whole: the error is that of its connection, and no outage. */
function isCutOff({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}
