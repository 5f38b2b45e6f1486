import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';

/** A secret that works, and the key that it is of. */
export interface LockedSecret {
  secretId: string;
  hint: string;
  keyId: string;
  isForService: boolean;
}

/** Secrets that were found where others can read them. */
export abstract class LeakedSecrets {
  /** Which secrets have these hashes, of whatever applications; in no order. Those that were imported, and no others. */
  abstract findImported(
    hashes: readonly Buffer[],
    atLeast: number,
  ): Promise<Dated<{ hash: Buffer; secretId: string; applicationId: string }[]>>;

  /**
   * Locks the keys, which are not revoked, of these secrets, and returns those of the secrets that work. What is found ended
   * stays so, whatever becomes of the database.
   */
  abstract lockSecrets(secretIds: readonly string[], tx: Transaction): Promise<LockedSecret[]>;

  /** Marks secrets as leaked that are not marked yet, and returns the ids of those that it has marked. */
  abstract markLeaked(
    leaks: readonly { secretId: string; from: string | null }[],
    now: Date,
    tx: Transaction,
  ): Promise<string[]>;

  /** Disables keys, and returns the ids of those that were enabled. */
  abstract disableAll(ids: readonly string[], tx: Transaction): Promise<string[]>;
}
