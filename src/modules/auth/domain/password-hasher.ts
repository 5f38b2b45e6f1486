import type { Party } from '../../../shared/concurrency/fair-semaphore.js';

/**
 * A slow hash for people's passwords, for which the networks that people call from take turns. Throws
 * `service_unavailable` when too many are waiting for one already.
 */
export abstract class PasswordHasher {
  abstract hash(password: string, from: Party): Promise<string>;
  /** Without a hash, for an account that does not exist, it is false after the same work. */
  abstract verify(password: string, hash: string | undefined, from: Party): Promise<boolean>;
  /** Whether a hash was made at another cost than today's. */
  abstract isOutdated(hash: string): boolean;
}
