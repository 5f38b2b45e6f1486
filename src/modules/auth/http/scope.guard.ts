import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '../../../shared/domain-error.js';
import type { Scope } from '../../../shared/scopes.js';
import type { AuthenticatedRequest } from './current-principal.decorator.js';
import { REQUIRED_SCOPES } from './require-scopes.decorator.js';

/** Lets a request in whose access token has every scope its route requires. Stands behind the JwtAuthGuard. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const required = this.reflector.getAllAndOverride<Scope[] | undefined>(REQUIRED_SCOPES, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (required === undefined) return true;
    const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (required.every((scope) => principal.scopes.has(scope))) return true;
    const scope = required.join(' ');
    throw new DomainError('insufficient_scope', `Use an access token with the scope ${scope}.`, {
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
    });
  }
}
