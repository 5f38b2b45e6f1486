import { covers } from '../../../shared/key-scopes.js';

/** What becomes of a key that was found in public: it is revoked for good, disabled, or only reported. */
export const ON_LEAK = ['revoke', 'disable', 'flag'] as const;
export type OnLeak = (typeof ON_LEAK)[number];

/** The largest number of days that a rule may name: about as long as a key may live at all. */
export const MAX_POLICY_DAYS = 3650;

const MS_PER_DAY = 86_400_000;

/** What the owners and admins of an application demand of its keys. */
export interface KeyPolicy {
  /** Days from its creation to its expiry that a key may live; null for any number. With it, a key has to expire. */
  readonly maxLifetime: number | null;
  /** Whether a key has to expire. */
  readonly requireExpiry: boolean;
  /** Whether a key has to be bound to addresses. */
  readonly requireIpAllowlist: boolean;
  /** Scopes that keys may have; null for any. `telemetry:*` allows itself and everything below it. */
  readonly allowedScopes: readonly string[] | null;
  /** Days after which the secret of a key is due to be replaced; null for never. */
  readonly rotateEvery: number | null;
  readonly onLeak: OnLeak;
}

/** Left out means unchanged. */
export type KeyPolicyChanges = Partial<KeyPolicy>;

/** Of an application for which nobody has set one. */
export const DEFAULT_POLICY: KeyPolicy = {
  maxLifetime: null,
  requireExpiry: false,
  requireIpAllowlist: false,
  allowedScopes: null,
  rotateEvery: null,
  onLeak: 'revoke',
};

/** The rules that a key, as it stands, may break; a rotation that is due breaks none. */
export const POLICY_RULES = ['maxLifetime', 'requireExpiry', 'requireIpAllowlist', 'allowedScopes'] as const;
export type PolicyRule = (typeof POLICY_RULES)[number];

/** What of a key the rules are about. */
export interface PolicyKey {
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly scopes: readonly string[];
  readonly ipAllowlist: readonly string[];
}

/** The rules that the key breaks, in the order of `POLICY_RULES`. */
export function brokenRules(policy: KeyPolicy, key: PolicyKey): PolicyRule[] {
  return POLICY_RULES.filter((rule) => IS_BROKEN[rule](policy, key));
}

const IS_BROKEN: Readonly<Record<PolicyRule, (policy: KeyPolicy, key: PolicyKey) => boolean>> = {
  maxLifetime: ({ maxLifetime }, { createdAt, expiresAt }) =>
    maxLifetime !== null &&
    (expiresAt === null || expiresAt.getTime() - createdAt.getTime() > maxLifetime * MS_PER_DAY),
  requireExpiry: ({ requireExpiry }, { expiresAt }) => requireExpiry && expiresAt === null,
  requireIpAllowlist: ({ requireIpAllowlist }, { ipAllowlist }) =>
    requireIpAllowlist && ipAllowlist.length === 0,
  allowedScopes: ({ allowedScopes }, { scopes }) => disallowed(scopes, allowedScopes).length > 0,
};

/** Those of `scopes` that nothing allows: a wildcard needs one that covers all of it. */
export function disallowed(scopes: readonly string[], allowed: readonly string[] | null): string[] {
  return allowed === null ? [] : scopes.filter((scope) => !covers(allowed, scope));
}
