import type { CountedKey, CreditAccounts } from './credits.js';

/** Equal verifications, one after the other. */
export interface CreditRun {
  readonly accounts: CreditAccounts;
  /** What each of them costs, from 0. */
  readonly cost: number;
  readonly times: number;
  /** For whom they are counted, in their order; those beyond are counted for nobody. */
  readonly counted?: readonly CountedVerifications[];
}

/** Verifications of one key in a run, one after the other. */
export interface CountedVerifications {
  readonly key: CountedKey;
  readonly times: number;
}

export interface CreditRunOutcome {
  /** So many have spent their cost, the first ones; the others nothing. */
  readonly granted: number;
  /** What is left after the run; null for an account that does not exist (any more), which sets no bound. */
  readonly keyRemaining: number | null;
  readonly applicationRemaining: number | null;
  /** Seconds until refills let another one pass; null when none will, or when none of the run was refused. */
  readonly againInSeconds: number | null;
}

/**
 * Where balances are kept. Each run spends from both accounts or from none, for good or, when the call fails, in
 * doubt: then it may have been spent, and must not be tried again.
 *
 * What it spends, and what it refuses, is counted as usage of the keys in the same transaction: none of it is lost with
 * the memory of this process.
 */
export abstract class CreditStore {
  /** Spends the runs, one after the other, and returns what came of each in their order. Fails when the database is away. */
  abstract spend(runs: readonly CreditRun[]): Promise<CreditRunOutcome[]>;
}
