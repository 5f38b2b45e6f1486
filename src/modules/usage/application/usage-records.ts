import type { VerdictCode } from '../../verification/index.js';
import type { UsageGroup, UsageGrouping } from '../domain/usage.js';
import type { UsageRange } from '../domain/usage-range.js';

/** Whose usage it is: a key's, or that of all keys of an application. */
export type UsageSubject = { readonly keyId: string } | { readonly applicationId: string };

export interface UsageRecord {
  /** The beginning of an hour or a day. */
  readonly start: Date;
  readonly verdict: VerdictCode;
  readonly count: number;
}

/** What became of the verifications of a key on one day. */
export interface UsageOfDay {
  readonly keyId: string;
  /** The beginning of the day. */
  readonly start: Date;
  readonly valid: number;
  readonly refused: number;
}

/** Reads what was written of usage. */
export abstract class UsageRecords {
  /** Each hour or day, and verdict, once, if there was any. */
  abstract find(subject: UsageSubject, range: UsageRange): Promise<UsageRecord[]>;

  /** Each day of those of the keys that are, or were, of the application, if there was any. */
  abstract findDays(
    applicationId: string,
    keyIds: readonly string[],
    range: UsageRange,
  ): Promise<UsageOfDay[]>;

  /** The groups of an application with the most verifications, the largest first. */
  abstract findLargest(
    applicationId: string,
    range: UsageRange,
    grouping: UsageGrouping,
    limit: number,
  ): Promise<UsageGroup[]>;
}
