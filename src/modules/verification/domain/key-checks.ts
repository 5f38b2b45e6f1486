import { covers } from '../../../shared/key-scopes.js';
import { hasExpired } from '../../../shared/key-status.js';
import type { LimitReport } from '../../metering/index.js';
import type { DenialCode, VerificationRecord, VerificationRequest } from './verification.js';

/** What a check has come to; `not_checked` behind one that has failed where nothing is known of the key. */
export type CheckOutcome = 'passed' | 'failed' | 'not_checked';

/** One check of a verification, named by the verdict of those who fail it. */
export interface KeyCheck {
  readonly code: DenialCode;
  readonly outcome: CheckOutcome;
  /** Why, in a sentence. */
  readonly detail: string;
}

/** What is left of limits and credits, of which nothing was taken. */
export interface Remaining {
  readonly rateLimits: readonly LimitReport[];
  readonly keyCredits: number | null;
  readonly applicationCredits: number | null;
}

/** Checks in the order of the contract. */
type Judge = (known: {
  record: VerificationRecord;
  request: VerificationRequest;
  now: number;
  remaining: Remaining;
}) => Omit<KeyCheck, 'code'>;

const passed = (detail: string): Omit<KeyCheck, 'code'> => ({ outcome: 'passed', detail });
const failed = (detail: string): Omit<KeyCheck, 'code'> => ({ outcome: 'failed', detail });

const FOUND: KeyCheck = { code: 'NOT_FOUND', ...passed('It is a key of this application.') };
const NOT_FOUND: KeyCheck = {
  code: 'NOT_FOUND',
  ...failed('It is no key of this application, or not the whole of one.'),
};

const JUDGES = {
  REVOKED: ({ record }) =>
    record.revoked
      ? failed('The key is revoked, or this secret of it is.')
      : passed('Neither the key nor this secret of it is revoked.'),
  DISABLED: ({ record }) => (record.enabled ? passed('The key is enabled.') : failed('The key is disabled.')),
  EXPIRED: ({ record: { expiresAt, secretExpiresAt }, now }) => {
    if (hasExpired(expiresAt, now)) return failed(`The key expired at ${timeOf(expiresAt)}.`);
    if (hasExpired(secretExpiresAt, now)) {
      return failed(`This secret was replaced, and expired at ${timeOf(secretExpiresAt)}.`);
    }
    const ends = [expiresAt, secretExpiresAt].filter((end) => end !== null);
    return passed(ends.length === 0 ? 'It never expires.' : `It is good until ${timeOf(Math.min(...ends))}.`);
  },
  FORBIDDEN: ({ record: { addresses }, request: { ip } }) => {
    if (addresses === null) return passed('It may be used from every address.');
    if (addresses.includes(ip)) return passed('The address is one that it may be used from.');
    return failed(
      ip === undefined
        ? 'It is bound to addresses, and none is given.'
        : 'It is bound to addresses, and this is none of them.',
    );
  },
  INSUFFICIENT_PERMISSIONS: ({ record, request: { scopes = [] } }) => {
    const missing = scopes.filter((scope) => !covers(record.scopes, scope));
    if (missing.length > 0) return failed(`It lacks ${missing.join(', ')}.`);
    return passed(scopes.length === 0 ? 'No scope is asked for.' : 'It has every scope that is asked for.');
  },
  RATE_LIMITED: ({ record, remaining: { rateLimits } }) => {
    const counted = record.metering?.limits?.limits ?? [];
    const used = rateLimits.filter(({ remaining }, index) => remaining < (counted[index]?.cost ?? 1));
    if (used.length > 0) {
      return failed(
        `Used up: ${used.map(({ name, limit, windowSeconds }) => `${name} (${limit} in ${windowSeconds} s)`).join(', ')}.`,
      );
    }
    return passed(
      rateLimits.length === 0
        ? 'It has no rate limits.'
        : `Left: ${rateLimits.map(({ name, remaining, limit }) => `${name} ${remaining} of ${limit}`).join(', ')}.`,
    );
  },
  USAGE_EXCEEDED: ({ request: { cost = 1 }, remaining: { keyCredits, applicationCredits } }) => {
    const left = [
      ...(keyCredits === null ? [] : [{ whose: 'the key', credits: keyCredits }]),
      ...(applicationCredits === null ? [] : [{ whose: 'the application', credits: applicationCredits }]),
    ];
    if (left.length === 0) return passed('Nothing has to be paid.');
    const said = left.map(({ whose, credits }) => `${whose} has ${credits} credits`).join(', ');
    const tooFew = left.some(({ credits }) => credits < cost);
    return tooFew ? failed(`It costs ${cost}, and ${said}.`) : passed(`It costs ${cost}; ${said}.`);
  },
} satisfies Record<Exclude<DenialCode, 'NOT_FOUND'>, Judge>;

/**
 * Every check of a verification with what it comes to, also behind the first that fails: that one is the verdict. Pure,
 * and of the same mind as `decideVerification` and the meter.
 *
 * @param record null for what is no key of the application; nothing else is told then
 */
export function checksOf(
  record: VerificationRecord | null,
  request: VerificationRequest,
  now: number,
  remaining: Remaining,
): KeyCheck[] {
  const others = Object.entries(JUDGES) as [Exclude<DenialCode, 'NOT_FOUND'>, Judge][];
  if (record === null) {
    const notChecked = { outcome: 'not_checked', detail: 'Nothing is known of it.' } as const;
    return [NOT_FOUND, ...others.map(([code]) => ({ code, ...notChecked }))];
  }
  return [FOUND, ...others.map(([code, judge]) => ({ code, ...judge({ record, request, now, remaining }) }))];
}

function timeOf(epochMs: number | null): string {
  return new Date(epochMs ?? 0).toISOString();
}
