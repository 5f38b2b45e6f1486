/** A slow hash for people's passwords. Throws `service_unavailable` when too many are waiting for one already. */
export abstract class PasswordHasher {
  abstract hash(password: string): Promise<string>;
  /** Without a hash, for an account that does not exist, it is false after the same work. */
  abstract verify(password: string, hash: string | undefined): Promise<boolean>;
  /** Whether a hash was made at another cost than today's. */
  abstract isOutdated(hash: string): boolean;
}
