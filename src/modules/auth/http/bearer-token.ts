import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../../shared/domain-error.js';
import { rawHeaderValues } from '../../../shared/http/raw-header-values.js';
import { notValid } from '../domain/trusted-issuer.js';

/** `Bearer` and what follows it (RFC 6750, section 2.1). The scheme's case does not matter (RFC 9110, 11.1). */
const BEARER = /^bearer(?: +(.*))?$/is;

/** Where credentials of other routes come. */
const KEY_HEADERS = ['x-api-key', 'x-service-key'];

/**
 * The access token, or service key, of a request. Throws `unauthenticated` when there is no credential we know,
 * `multiple_credentials` when there is more than one (RFC 6750, section 2), `invalid_token` for one that is empty.
 */
export function bearerToken(request: FastifyRequest): string {
  const authorizations = rawHeaderValues(request.raw, 'authorization');
  const credentials =
    authorizations.length + KEY_HEADERS.flatMap((name) => rawHeaderValues(request.raw, name)).length;
  const [authorization] = authorizations;
  if (credentials > 1 || (authorization !== undefined && /,\s*bearer\s/i.test(authorization))) {
    throw new DomainError('multiple_credentials', 'Send one credential, once: Authorization: Bearer.');
  }
  const match = authorization === undefined ? null : BEARER.exec(authorization.trim());
  if (match === null) {
    throw new DomainError('unauthenticated', 'Send an access token as Authorization: Bearer.');
  }
  const token = match[1];
  if (token === undefined || token === '') throw notValid();
  return token;
}
