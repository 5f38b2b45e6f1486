import type { Party } from '../../../shared/concurrency/fair-semaphore.js';

/** What is kept of a password. */
export interface PasswordHash {
  /** Of bcrypt, in its own form. */
  readonly text: string;
  /** Of the pepper under which the password was hashed before it; null where bcrypt was given the password itself. */
  readonly pepperVersion: number | null;
}

/**
 * A slow hash for people's passwords, for which the networks that people call from take turns. Throws
 * `service_unavailable` when too many are waiting for one already.
 */
export abstract class PasswordHasher {
  abstract hash(password: string, from: Party): Promise<PasswordHash>;
  /** Without a hash, for an account that does not exist, it is false after the same work. */
  abstract verify(password: string, hash: PasswordHash | undefined, from: Party): Promise<boolean>;
  /** Whether a hash was made at another cost than today's, under an older pepper, or under none. */
  abstract isOutdated(hash: PasswordHash): boolean;
}
