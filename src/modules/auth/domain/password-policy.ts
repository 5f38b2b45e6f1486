import { DomainError } from '../../../shared/domain-error.js';
import { COMMON_PASSWORDS } from './common-passwords.js';

/** In UTF-8. bcrypt looks at no more than 72 bytes, and two passwords that differ after them must not be one. */
export const MIN_PASSWORD_BYTES = 8;
export const MAX_PASSWORD_BYTES = 72;

/** Whether bcrypt sees all of it: it also stops at the first NUL. */
export function isHashablePassword(password: string): boolean {
  return Buffer.byteLength(password) <= MAX_PASSWORD_BYTES && !password.includes('\0');
}

export function hasPasswordLength(password: string): boolean {
  return isHashablePassword(password) && Buffer.byteLength(password) >= MIN_PASSWORD_BYTES;
}

/** Throws `weak_password` for one that is tried first: a common one, one character repeated, or the email. */
export function assertPasswordIsNotWeak(password: string, normalizedEmail: string): void {
  const candidate = password.toLowerCase();
  const [localPart] = normalizedEmail.split('@');
  if (
    COMMON_PASSWORDS.has(candidate) ||
    candidate === normalizedEmail ||
    candidate === localPart ||
    new Set(candidate).size === 1
  ) {
    throw new DomainError('weak_password', 'Choose a password that is harder to guess.', {
      errors: [{ field: 'password', message: 'is one of the first that are guessed' }],
    });
  }
}
