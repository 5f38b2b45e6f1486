import { DomainError } from '../../../shared/domain-error.js';
import { SCOPES, isTokenScope, type Scope } from '../../../shared/scopes.js';

/**
 * The scopes a login asks for, space-separated (RFC 6749, section 3.3); all there are when it does not say.
 * Throws `invalid_scope` for one that does not exist.
 */
export function requestedScopes(scope: string | undefined): Scope[] {
  if (scope === undefined) return [...SCOPES];
  const asked = scope.split(' ');
  if (!asked.every(isTokenScope)) {
    throw new DomainError('invalid_scope', `Ask for some of: ${SCOPES.join(' ')}.`, {
      errors: [{ field: 'scope', message: `must hold nothing but: ${SCOPES.join(' ')}` }],
    });
  }
  return SCOPES.filter((known) => asked.includes(known));
}
