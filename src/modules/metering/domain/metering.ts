import type { CountedKey, CreditAccounts } from './credits.js';
import type { LimitSet } from './rate-limit.js';

/** What the verifications of a key are counted against and paid from. */
export interface Metering {
  readonly limits: LimitSet | null;
  /** Whose credits they spend, and for which key the spending counts them. */
  readonly credits: (CreditAccounts & { readonly countedFor: CountedKey }) | null;
}

/** One limit, as the answers of a verification tell of it. */
export interface LimitReport {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Seconds until more of it is free; when nothing fits any more, until the next verification does. */
  readonly resetSeconds: number;
}

/** What is left after a verification that was counted or paid for. */
export interface Usage {
  /** The key's, then its application's. */
  readonly rateLimits: readonly LimitReport[];
  /** For one that was refused: after so many whole seconds it passes, if no other comes first; null if it never will. */
  readonly retryAfterSeconds: number | null;
  /** The limits could not be checked, and the operator lets such verifications pass. */
  readonly unchecked: boolean;
  /** Null without such credits. */
  readonly keyRemaining: number | null;
  readonly applicationRemaining: number | null;
}

/** What a record says of the metering of its key; null, and nothing to do, for most keys. */
export function metering(
  limits: LimitSet | null,
  credits: CreditAccounts,
  countedFor: CountedKey,
): Metering | null {
  const isPaid = credits.keyId !== null || credits.applicationId !== null;
  return limits === null && !isPaid ? null : { limits, credits: isPaid ? { ...credits, countedFor } : null };
}
