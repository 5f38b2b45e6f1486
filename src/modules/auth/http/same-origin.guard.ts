import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../../shared/domain-error.js';

/**
 * Refuses what a page of another origin makes a browser send, which would bring the person's cookie along (OWASP,
 * Cross-Site Request Forgery Prevention: Fetch Metadata, and where a browser sends none, the origin). `SameSite` alone
 * would let the pages of sibling domains through. Throws `cross_site_request`.
 */
@Injectable()
export class SameOriginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (isSameOrigin(context.switchToHttp().getRequest<FastifyRequest>())) return true;
    throw new DomainError(
      'cross_site_request',
      'Call this from a page of this service. Without a browser, use the other routes of /auth.',
    );
  }
}

/** Browsers send `Sec-Fetch-Site` over HTTPS and to their own machine, and `Origin` with every POST. */
function isSameOrigin({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = headers;
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}
