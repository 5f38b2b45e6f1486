import {
  applyDecorators,
  Injectable,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedRequest } from './current-principal.decorator.js';
import { AttemptLimiter, type LimitedCall } from '../domain/attempt-limiter.js';

const LIMITED_CALL = Symbol('LimitedCall');

/** Counts a call of its address before anything of its body is looked at. */
@Injectable()
class LimitCallsGuard implements CanActivate {
  constructor(
    private readonly limiter: AttemptLimiter,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const call = this.reflector.get<LimitedCall>(LIMITED_CALL, context.getHandler());
    this.limiter.countCall(call, context.switchToHttp().getRequest<FastifyRequest>().ip);
    return true;
  }
}

/** Bounds how often one address may call a route. Throws `too_many_requests`. */
export const LimitCalls = (call: LimitedCall): MethodDecorator =>
  applyDecorators(SetMetadata(LIMITED_CALL, call), UseGuards(LimitCallsGuard));

/** Bounds how often somebody calls who is known by an access token. Stands behind the JwtAuthGuard. */
@Injectable()
export class LimitManagementCallsGuard implements CanActivate {
  constructor(private readonly limiter: AttemptLimiter) {}

  canActivate(context: ExecutionContext): boolean {
    const { principal } = context.switchToHttp().getRequest<Partial<AuthenticatedRequest>>();
    if (principal !== undefined) this.limiter.countManagementCall(principal);
    return true;
  }
}
