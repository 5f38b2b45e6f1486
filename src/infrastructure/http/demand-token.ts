import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DomainError } from '../../shared/domain-error.js';
import { rawHeaderValues } from '../../shared/http/raw-header-values.js';

const BEARER = /^Bearer +(\S+)$/i;

/**
 * Lets only those pass who send the operator's token (RFC 6750, section 2.1). Without a token everybody passes.
 *
 * @throws DomainError `unauthenticated`, `invalid_token`, or `multiple_credentials`
 */
export function demandToken(message: IncomingMessage, token: string | undefined): void {
  if (token === undefined) return;
  const [given, ...more] = rawHeaderValues(message, 'authorization');
  if (more.length > 0) throw new DomainError('multiple_credentials', 'Send one Authorization header.');
  if (given === undefined) {
    throw new DomainError(
      'unauthenticated',
      'Send the METRICS_TOKEN of the service as Authorization: Bearer.',
    );
  }
  if (!isSame(BEARER.exec(given)?.[1] ?? '', token)) {
    throw new DomainError('invalid_token', 'Send the METRICS_TOKEN of the service: this is another one.');
  }
}

/** In a time that does not tell how much of it is right. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
