import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor, Origin } from '../../../shared/actor.js';
import { traceIdOf } from '../../../shared/http/trace-id.js';
import type { AuthenticatedRequest } from './current-principal.decorator.js';

/** Hands a controller the verified caller, as who makes a change. Only for routes that are not `@Public()`. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
  const { scopes: _scopes, sessionId: _sessionId, ...caller } = request.principal;
  return { ...caller, ...originOf(request) };
});

/** Hands a controller where the call came from. */
export const CurrentOrigin = createParamDecorator((_: unknown, context: ExecutionContext): Origin =>
  originOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

export function originOf({ ip, id, headers, raw }: FastifyRequest): Origin {
  const traceId = traceIdOf(raw);
  const userAgent = headers['user-agent'] ?? null;
  return { address: ip, requestId: id, userAgent, ...(traceId !== undefined && { traceId }) };
}
