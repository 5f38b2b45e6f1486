import { DomainError } from '../../../shared/domain-error.js';

/** What a balance may hold, and what a verification may cost: JSON numbers are exact up to here. */
export const MAX_CREDITS = Number.MAX_SAFE_INTEGER;

const REMAINING_PROBLEM = `must have a remaining from 0 to ${MAX_CREDITS}`;

export const REFILL_INTERVALS = ['daily', 'monthly'] as const;
export type RefillInterval = (typeof REFILL_INTERVALS)[number];

/**
 * Fills the balance up to `amount` at 00:00 UTC, by the database's clock. It never takes away: a balance that is
 * higher stays. Refills that nobody was there to notice do not add up.
 */
export interface CreditRefill {
  readonly amount: number;
  readonly interval: RefillInterval;
  /** Day of the month, 1 to 31, for a monthly refill; in a shorter month its last day. */
  readonly day: number | null;
}

/** What verifications may spend; each costs 1 unless told otherwise. */
export interface Credits {
  readonly remaining: number;
  readonly refill: CreditRefill | null;
}

/** Whose credits a verification spends: the key's, its application's, or both. */
export interface CreditAccounts {
  /** Null when the key has no credits of its own. */
  readonly keyId: string | null;
  /** Null when its application has none that the keys share. */
  readonly applicationId: string | null;
}

/** A key whose verifications are counted, and its application. */
export interface CountedKey {
  readonly keyId: string;
  readonly applicationId: string;
}

/** A change of credits: what is left out stays as it is. */
export type CreditChanges = Partial<Credits>;

/** What is wrong with a value that should be credits; null when nothing is. */
export function creditsProblem(value: unknown): string | null {
  return isObject(value) && value.remaining === undefined ? REMAINING_PROBLEM : creditChangesProblem(value);
}

/** What is wrong with a value that should be a change of credits; null when nothing is. */
export function creditChangesProblem(value: unknown): string | null {
  if (!isObjectOf(value, ['remaining', 'refill'])) return 'must hold remaining, refill, and nothing else';
  const { remaining, refill = null } = value;
  if (remaining !== undefined && !isCreditCount(remaining)) return REMAINING_PROBLEM;
  return refill === null ? null : refillProblem(refill);
}

type GivenRefill = Omit<CreditRefill, 'day'> & { day?: number | null };

/** Reads what `creditsProblem` finds nothing wrong with. */
export function readCredits(value: unknown): Credits {
  const { remaining, refill = null } = value as { remaining: number; refill?: GivenRefill | null };
  return { remaining, refill: readRefill(refill) };
}

/** Reads what `creditChangesProblem` finds nothing wrong with. */
export function readCreditChanges(value: unknown): CreditChanges {
  const { remaining, refill } = value as { remaining?: number; refill?: GivenRefill | null };
  return {
    ...(remaining === undefined ? {} : { remaining }),
    ...(refill === undefined ? {} : { refill: readRefill(refill) }),
  };
}

/** A monthly refill comes on the first unless told otherwise. */
function readRefill(refill: GivenRefill | null): CreditRefill | null {
  if (refill === null) return null;
  const { amount, interval, day } = refill;
  return { amount, interval, day: interval === 'monthly' ? (day ?? 1) : null };
}

/** An integer number of credits, from 0. */
export function isCreditCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function creditsOutOfRange(): DomainError {
  return new DomainError(
    'credits_out_of_range',
    `A balance stays between 0 and ${MAX_CREDITS}: nothing was changed.`,
  );
}

export function noCredits(): DomainError {
  return new DomainError(
    'no_credits',
    'It has no credits, so its verifications are unlimited: give it some first.',
  );
}

function refillProblem(value: unknown): string | null {
  if (!isObjectOf(value, ['amount', 'interval', 'day'])) {
    return 'must have a refill of amount, interval and perhaps day';
  }
  const { amount, interval, day = null } = value;
  if (!isCreditCount(amount) || amount === 0) return `must be refilled by an amount from 1 to ${MAX_CREDITS}`;
  if (!REFILL_INTERVALS.some((known) => known === interval)) {
    return `must be refilled ${REFILL_INTERVALS.join(' or ')}`;
  }
  if (day === null) return null;
  if (interval !== 'monthly') return 'must have a refill day only when it is refilled monthly';
  return Number.isInteger(day) && (day as number) >= 1 && (day as number) <= 31
    ? null
    : 'must be refilled on a day from 1 to 31';
}

function isObjectOf(value: unknown, fields: readonly string[]): value is Record<string, unknown> {
  return isObject(value) && Object.keys(value).every((field) => fields.includes(field));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
