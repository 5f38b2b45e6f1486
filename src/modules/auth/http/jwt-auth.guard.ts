import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { DomainError } from '../../../shared/domain-error.js';
import { notValid } from '../domain/trusted-issuer.js';
import { JwtStrategy } from './jwt.strategy.js';
import { IS_PUBLIC } from '../../../shared/http/public.decorator.js';

/** Lets a request in with a good access token, and puts its `Principal` on it. Every route has it. */
@Injectable()
export class JwtAuthGuard extends AuthGuard() {
  constructor(
    // By name: the mixin declares a parameter of its own in this place, and Nest would take that.
    @Inject(Reflector) private readonly reflector: Reflector,
    strategy: JwtStrategy,
  ) {
    super({ defaultStrategy: strategy.name, property: 'principal', session: false });
  }

  override canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
    // Not a promise: verification is public, and hot.
    return isPublic === true || super.canActivate(context);
  }

  /** `info` is why passport-jwt refused: a refusal of ours, or one of jsonwebtoken's. */
  override handleRequest<Principal>(error: unknown, principal: Principal | false, info: unknown): Principal {
    for (const reason of [error, info]) {
      if (reason instanceof DomainError) throw reason;
    }
    if (error !== null && error !== undefined) throw error as Error;
    if (principal === false) throw notValid();
    return principal;
  }
}
