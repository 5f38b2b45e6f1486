import type { Denial, Verdict } from '../../api/key-queries.js';

/** What each verdict is called, the good one first: the order in which they stand in charts and tables. */
export const VERDICTS = {
  VALID: 'Valid',
  RATE_LIMITED: 'Rate limited',
  USAGE_EXCEEDED: 'Out of credits',
  INSUFFICIENT_PERMISSIONS: 'Scope missing',
  FORBIDDEN: 'Address not allowed',
  EXPIRED: 'Expired',
  DISABLED: 'Disabled',
  REVOKED: 'Revoked',
  NOT_FOUND: 'Other application',
} as const satisfies Record<Verdict, string>;

export const VERDICT_CODES = Object.keys(VERDICTS) as Verdict[];

/** Why a verification was refused, in a sentence, with what there is to say of how far it was off. */
export function reasonOf({ cause, details }: Denial): string {
  switch (cause) {
    case 'scopes_missing':
      return `It lacks ${listOf(details.missingScopes ?? details.scopes ?? ['a scope'])}.`;
    case 'rate_limit':
      return `${listOf((details.rateLimits ?? []).map(({ name, limit, windowSeconds }) => `${name} (${limit} in ${durationOf(windowSeconds)})`)) || 'A rate limit'} was used up.${retryOf(details.retryAfterSeconds)}`;
    case 'credits_of_key':
      return `It had ${details.remaining ?? 0} credits, and ${details.cost ?? 1} were asked for.${retryOf(details.retryAfterSeconds)}`;
    case 'credits_of_application':
      return `The application had ${details.remaining ?? 0} credits, and ${details.cost ?? 1} were asked for.${retryOf(details.retryAfterSeconds)}`;
    case 'key_expired':
      return `It had expired ${durationOf(details.expiredForSeconds ?? 0)} before.`;
    case 'secret_expired':
      return `An old secret was used, ${durationOf(details.expiredForSeconds ?? 0)} after its end.`;
    default:
      return REASONS[cause];
  }
}

const REASONS: Readonly<Record<Denial['cause'], string>> = {
  malformed: 'What was shown is no key.',
  unknown: 'What was shown is no key of this application.',
  other_application: 'It was shown to a service of another application.',
  service_key: 'What was shown is a service key.',
  revoked: 'It is revoked.',
  secret_revoked: 'A secret was used that has been ended.',
  disabled: 'It is disabled.',
  key_expired: 'It had expired.',
  secret_expired: 'An old secret was used after its end.',
  address_not_allowed: 'It was used from an address that is not on its list.',
  address_not_given: 'It has a list of addresses, and the service did not say from which one it was used.',
  scopes_missing: 'It lacks a scope.',
  rate_limit: 'A rate limit was used up.',
  credits_of_key: 'Its credits were used up.',
  credits_of_application: 'The credits of the application were used up.',
};

function retryOf(seconds: number | null | undefined): string {
  return seconds === undefined || seconds === null
    ? ''
    : ` It would have passed ${durationOf(seconds)} later.`;
}

const UNITS: readonly [name: string, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** "2 hours": the largest unit that there is one of, and no more exact than that, unless it fits. */
export function durationOf(seconds: number): string {
  const exact = UNITS.find(([, length]) => seconds >= length && seconds % length === 0);
  const [name, length] = exact ?? UNITS.find((unit) => seconds >= unit[1]) ?? ['second', 1];
  const count = Math.round(seconds / length);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** As in "100 per minute". */
export function windowOf(seconds: number): string {
  return UNITS.find(([, length]) => length === seconds)?.[0] ?? durationOf(seconds);
}

const list = new Intl.ListFormat('en', { type: 'conjunction' });

function listOf(words: readonly string[]): string {
  return list.format(words);
}
