import { DomainError } from '../../../shared/domain-error.js';
import { stateOf, type VerificationRecord } from './verification.js';

/**
 * Returns the record of a service key that is good and was sent from where it may be. Throws `invalid_service_key` and
 * `address_not_allowed`. Pure; `now` is the database's clock, in milliseconds.
 *
 * @param address the caller's own, not that of a client of theirs
 */
export function admitServiceKey(
  record: VerificationRecord | null,
  address: string,
  now: number,
): VerificationRecord {
  if (record?.environment !== 'service') throw invalidServiceKey('NOT_FOUND');
  const refusal = stateOf(record, address, now);
  if (refusal === null) return record;
  if (refusal.code === 'FORBIDDEN') {
    throw new DomainError('address_not_allowed', 'The service key may not be used from this address.');
  }
  throw invalidServiceKey(refusal.code);
}

function invalidServiceKey(code: string): DomainError {
  return new DomainError('invalid_service_key', `The service key is invalid: ${code}.`);
}
