import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../domain/principal.js';

/** A request that the authentication guard has let through carries who sent it. */
export interface AuthenticatedRequest extends FastifyRequest {
  principal: Principal;
}

/** Hands the verified caller to a controller. Only for routes that are not `@Public()`. */
export const CurrentPrincipal = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().principal,
);
