export const KEY_STATUSES = ['active', 'disabled', 'expired', 'revoked'] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

/** What the status of a key is made of. */
export interface KeyState {
  readonly revoked: boolean;
  readonly enabled: boolean;
  /** Milliseconds since 1970; null for never. */
  readonly expiresAt: number | null;
}

/**
 * The one rule that says whether a key is active, in the order in which a verification refuses it. `key-status.sql` is
 * the same rule for the database, and a test compares the two. `now` is the database's time in milliseconds since 1970.
 */
export function keyStatus({ revoked, enabled, expiresAt }: KeyState, now: number): KeyStatus {
  if (revoked) return 'revoked';
  if (!enabled) return 'disabled';
  return hasExpired(expiresAt, now) ? 'expired' : 'active';
}

/** At the very moment of its expiry a key, or a secret, is expired. */
export function hasExpired(expiresAt: number | null, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}
