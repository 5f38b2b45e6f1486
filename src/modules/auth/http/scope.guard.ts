import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { notValid } from '../domain/trusted-issuer.js';
import { DomainError } from '../../../shared/domain-error.js';
import { isServiceScope } from '../../../shared/scopes.js';
import type { AuthenticatedRequest } from './current-principal.decorator.js';
import { RouteAccess } from './route-access.js';

/** Lets a request in whose access token has every scope its route requires. Stands behind the JwtAuthGuard. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(private readonly routes: RouteAccess) {}

  canActivate(context: ExecutionContext): boolean {
    const required = this.routes.of(context);
    if (required === 'public') return true;
    const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    // What takes no scope is about a person.
    if (principal.serviceOf !== undefined && required.length === 0) throw notValid();
    if (required.every((scope) => principal.scopes.has(scope))) return true;
    const scope = required.join(' ');
    // No service key can be given a scope that is for people alone.
    const holder = required.every(isServiceScope) ? 'an access token, or a service key,' : 'an access token';
    const detail = `Use ${holder} with the scope ${scope}.`;
    throw new DomainError('insufficient_scope', detail, {
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
    });
  }
}
