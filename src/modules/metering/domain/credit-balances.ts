import type { Snapshot, Transaction } from '../../../shared/transaction.js';
import type { CreditChanges, Credits } from './credits.js';

/** Whose verifications spend: one key's, or those of all keys of an application together. */
export interface CreditSubject {
  readonly kind: 'key' | 'application';
  readonly id: string;
  /** The application itself, or that of the key. */
  readonly applicationId: string;
}

/** The balances, for those who manage them. What they read has the refills that are due. */
export abstract class CreditBalances {
  /** The balances of those that have one, by the id of the subject; with a snapshot, as that shows them. */
  abstract findAll(subjectIds: readonly string[], snapshot?: Snapshot): Promise<Map<string, Credits>>;

  /**
   * Gives credits, changes them, or with null takes them off, in the transaction that changes the subject. A change
   * that leaves out what remains keeps it, whatever is spent meanwhile. Throws `no_credits` when there is nothing to
   * keep.
   */
  abstract put(subject: CreditSubject, credits: CreditChanges | null, tx: Transaction): Promise<void>;

  /** Sets what is left; the refill stays. Throws `no_credits`. */
  abstract set(subject: CreditSubject, remaining: number, tx: Transaction): Promise<Credits>;

  /**
   * Adds, or takes away when it is negative. Nothing that is spent meanwhile is lost.
   * Throws `no_credits`, and `credits_out_of_range` when the balance would fall below zero or grow too large.
   */
  abstract add(subject: CreditSubject, amount: number, tx: Transaction): Promise<Credits>;
}
