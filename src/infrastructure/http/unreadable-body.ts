import type { DomainError } from '../../shared/domain-error.js';

/**
 * Stands where the body would, when there is none that can be read. The complaint is not made at once: a caller
 * without an access token is told that first, so the guards run before `DeclaredInputGuard` throws the error.
 */
export class UnreadableBody {
  constructor(readonly error: DomainError) {}
}
