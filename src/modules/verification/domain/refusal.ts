import { DomainError } from '../../../shared/domain-error.js';
import type { DenialCode, VerificationRequest } from './verification.js';

/** What whoever shows a key is told where it does not pass (RFC 6750, section 3.1). */
export function refusalOf(code: DenialCode, request: VerificationRequest = {}): DomainError {
  if (code === 'FORBIDDEN') {
    return new DomainError('address_not_allowed', 'The key may not be used from this address.');
  }
  if (code === 'RATE_LIMITED') {
    return new DomainError('rate_limited', 'The key is used too often: wait as long as Retry-After says.');
  }
  if (code === 'USAGE_EXCEEDED') {
    return new DomainError(
      'usage_exceeded',
      'The key, or its application, lacks the credits that this costs.',
    );
  }
  if (code === 'INSUFFICIENT_PERMISSIONS') {
    return new DomainError('insufficient_permissions', 'The key lacks a scope that is needed here.', {
      headers: {
        'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${(request.scopes ?? []).join(' ')}"`,
      },
    });
  }
  return new DomainError('invalid_api_key', `The API key is invalid: ${code}.`, {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
}
