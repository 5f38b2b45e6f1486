import type { LimitSet } from './rate-limit.js';

/** Verifications under the same limits, one after the other. */
export interface RateLimitRun {
  readonly set: LimitSet;
  readonly times: number;
}

/** One limit after a run. */
export interface LimitUse {
  /** Units in the window that ends now. */
  readonly used: number;
  /**
   * Microseconds until more of it is free. When one more verification does not fit: until it will, if nothing else
   * comes. 0 when nothing is used.
   */
  readonly freeInMicros: number;
}

export interface RunOutcome {
  /** So many passed, the first ones; the others are not counted. */
  readonly granted: number;
  /** When, in microseconds of the store's clock. */
  readonly at: number;
  /** One for each limit of the set, in its order. */
  readonly uses: readonly LimitUse[];
}

/**
 * Where hits are counted, with a clock of its own that all nodes which share the store agree on. Fails when it
 * cannot count; what is then answered, the limiter decides (RATE_LIMIT_ON_FAILURE).
 */
export abstract class RateLimitStore {
  /** Calls of each kind that one limiter has under way at a time, but for those it has given up. */
  readonly maxConcurrency: { readonly takes: number; readonly refunds: number } = { takes: 4, refunds: 4 };

  /** Why it cannot count at present, for the operator, without a secret; undefined when it can or does not know. */
  get problem(): string | undefined {
    return undefined;
  }

  /** Counts the runs, one after the other, and returns what came of each in their order. */
  abstract take(runs: readonly RateLimitRun[]): Promise<RunOutcome[]>;

  /**
   * Counts one verification without waiting for anybody, which a store in this process can do. Throws when it cannot
   * count.
   */
  takeNow?(set: LimitSet): RunOutcome;

  /** Forgets one verification that was counted at a time: it was refused after all. */
  abstract refund(set: LimitSet, at: number): Promise<void>;
}
