import { DomainError } from '../domain-error.js';
import { isUuid } from '../uuid.js';

/** Reads an id out of a path or a query (RFC 9562, section 4: any case in, lower case out). Throws `validation_failed`. */
export function readUuid(field: string, value: unknown): string {
  if (typeof value === 'string' && isUuid(value.toLowerCase())) return value.toLowerCase();
  const message =
    value === undefined || value === ''
      ? 'is required'
      : Array.isArray(value)
        ? 'must be given once'
        : 'must be a UUID';
  throw new DomainError('validation_failed', `${field} ${message}.`, { errors: [{ field, message }] });
}
