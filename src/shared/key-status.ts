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
 * Returns the status of a key, by the order in which a verification refuses it. `now` is the database's time in
 * milliseconds since 1970.
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

/** What the same things are called in a statement. */
export interface KeyStateNames {
  revokedAt: string;
  enabled: string;
  expiresAt: string;
  now: string;
}

/** Returns `keyStatus` as conditions in SQL. They begin with what the indexes of keys ask for. */
export function keyStatusConditions({
  revokedAt,
  enabled,
  expiresAt,
  now,
}: KeyStateNames): Record<KeyStatus, string> {
  const isUsable = `${revokedAt} IS NULL AND ${enabled}`;
  return {
    revoked: `${revokedAt} IS NOT NULL`,
    disabled: `${revokedAt} IS NULL AND NOT ${enabled}`,
    expired: `${isUsable} AND ${expiresAt} <= ${now}`,
    active: `${isUsable} AND (${expiresAt} IS NULL OR ${expiresAt} > ${now})`,
  };
}
