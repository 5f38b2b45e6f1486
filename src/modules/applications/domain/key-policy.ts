import { DomainError, type FieldError } from '../../../shared/domain-error.js';
import { MS_PER_DAY } from '../../../shared/durations.js';
import { covers } from '../../../shared/key-scopes.js';

/** What becomes of a key that was found in public: it is revoked for good, disabled, or only reported. */
export const ON_LEAK = ['revoke', 'disable', 'flag'] as const;
export type OnLeak = (typeof ON_LEAK)[number];

/** The largest number of days that a rule may name: ten years, as no key may live longer (`MAX_EXPIRY_YEARS`). */
export const MAX_POLICY_DAYS = 3650;

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

/**
 * The rules that a change would break, or break by more than before. What makes a key safer is never refused, whatever
 * else is wrong with it; making one work again is like issuing it.
 */
export function newlyBrokenRules(
  policy: KeyPolicy,
  before: PolicyKey & { readonly enabled: boolean },
  after: PolicyKey & { readonly enabled: boolean },
): PolicyRule[] {
  const broken = brokenRules(policy, after);
  if (after.enabled && !before.enabled) return broken;
  return broken.filter((rule) => IS_WORSE[rule](before, after));
}

/** Whether a change goes against what a rule is for. */
const IS_WORSE: Readonly<Record<PolicyRule, (before: PolicyKey, after: PolicyKey) => boolean>> = {
  maxLifetime: isLater,
  requireExpiry: isLater,
  requireIpAllowlist: (before, after) => before.ipAllowlist.length > 0 && after.ipAllowlist.length === 0,
  allowedScopes: (before, after) => disallowed(after.scopes, before.scopes).length > 0,
};

function isLater(before: PolicyKey, after: PolicyKey): boolean {
  if (before.expiresAt === null) return false;
  return after.expiresAt === null || after.expiresAt > before.expiresAt;
}

/** Throws `policy_violation`, which names the rules and their fields, if there are any. */
export function refuseBroken(policy: KeyPolicy, rules: readonly PolicyRule[]): void {
  const errors = policyErrors(policy, rules);
  if (errors.length > 0) throw policyViolation(rules, errors);
}

/** @param prefix the path of the key in the body, where there are several */
export function policyErrors(policy: KeyPolicy, rules: readonly PolicyRule[], prefix = ''): FieldError[] {
  return rules.map((rule) => ({
    field: prefix + FIELDS[rule],
    message: `breaks the rule ${rule}: ${demandOf(rule, policy)}`,
  }));
}

export function policyViolation(rules: readonly string[], errors: FieldError[]): DomainError {
  return new DomainError(
    'policy_violation',
    `The policy of the application (${rules.join(', ')}) does not allow it: GET /applications/{id}/policy tells what it demands.`,
    { errors },
  );
}

/**
 * Throws `policy_violation` when older secrets would work for longer, beside a new one, than a secret may before it is
 * replaced: they would be replaced in name only.
 */
export function refuseLongOverlap({ rotateEvery }: KeyPolicy, overlapSeconds: number): void {
  if (rotateEvery === null || overlapSeconds <= (rotateEvery * MS_PER_DAY) / 1000) return;
  const message = `breaks the rule rotateEvery: older secrets may work for ${rotateEvery} days at most`;
  throw policyViolation(['rotateEvery'], [{ field: 'overlapSeconds', message }]);
}

/** The field of a key that a rule is about. */
const FIELDS: Readonly<Record<PolicyRule, string>> = {
  maxLifetime: 'expiresAt',
  requireExpiry: 'expiresAt',
  requireIpAllowlist: 'ipAllowlist',
  allowedScopes: 'scopes',
};

function demandOf(rule: PolicyRule, policy: KeyPolicy): string {
  switch (rule) {
    case 'maxLifetime':
      return `a key has to expire within ${policy.maxLifetime ?? MAX_POLICY_DAYS} days of its creation`;
    case 'requireExpiry':
      return 'a key has to expire';
    case 'requireIpAllowlist':
      return 'a key has to be bound to addresses';
    case 'allowedScopes':
      return 'a key may have no other scopes than those that it allows';
  }
}

/** Those of `scopes` that nothing allows: a wildcard needs one that covers all of it. */
function disallowed(scopes: readonly string[], allowed: readonly string[] | null): string[] {
  return allowed === null ? [] : scopes.filter((scope) => !covers(allowed, scope));
}
