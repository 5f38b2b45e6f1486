import type { Policy } from '../api/policy.js';
import { daysOf } from './expiry.js';

/** Tells before a key is made or changed what its application demands of it; nothing where it demands nothing. */
export function PolicyNotice({ policy }: { policy: Policy | undefined }) {
  const demands = policy === undefined ? [] : demandsOf(policy);
  if (demands.length === 0) return null;
  return (
    <p className="notice" role="note" aria-label="Policy of the application">
      <span>The policy of this application: a key {listed.format(demands)}.</span>
    </p>
  );
}

const listed = new Intl.ListFormat('en');

function demandsOf({ maxLifetime, requireExpiry, requireIpAllowlist, allowedScopes }: Policy): string[] {
  return [
    maxLifetime !== null && `expires within ${daysOf(maxLifetime)}`,
    maxLifetime === null && requireExpiry && 'expires',
    requireIpAllowlist && 'is bound to addresses',
    allowedScopes !== null &&
      (allowedScopes.length === 0
        ? 'has no scopes'
        : `has no other scopes than ${listed.format(allowedScopes)}`),
  ].filter((demand) => demand !== false);
}

/** The scopes to choose among, of those that the application declares and its policy allows; null where any text is one. */
export function scopesUnder(
  policy: Policy | undefined,
  declared: readonly string[] | null,
): readonly string[] | null {
  const allowed = policy?.allowedScopes ?? null;
  if (allowed === null) return declared;
  if (declared === null) return allowed.some((scope) => scope.endsWith('*')) ? null : allowed;
  return declared.filter((scope) => allowed.some((one) => covers(one, scope)));
}

/** As the service judges: `orders:*` covers itself and `orders:read`, not `orders`. */
function covers(allowed: string, scope: string): boolean {
  if (!allowed.endsWith('*')) return allowed === scope;
  return scope.length >= allowed.length && scope.startsWith(allowed.slice(0, -1));
}
