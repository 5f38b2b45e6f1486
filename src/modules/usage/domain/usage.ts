import type { Counts } from './counts.js';

/** What the usage of an application is told apart by. */
export const USAGE_GROUPS = ['key', 'externalId', 'tag'] as const;
export type UsageGrouping = (typeof USAGE_GROUPS)[number];

/** Verifications in one hour or day. */
interface UsageBucket {
  readonly start: Date;
  readonly counts: Counts;
}

export interface Usage {
  readonly counts: Counts;
  /** Every hour or day of the range, in their order. */
  readonly buckets: readonly UsageBucket[];
}

/** What became of the verifications of a key, each day of a range. */
export interface DailyUsage {
  readonly keyId: string;
  readonly valid: readonly number[];
  readonly refused: readonly number[];
}

export interface UsageGroup {
  /** The id of a key, a customer or a tag; null for keys without one, and for those that were deleted. */
  readonly value: string | null;
  /** Of a key that is there. */
  readonly name: string | null;
  readonly counts: Counts;
}
