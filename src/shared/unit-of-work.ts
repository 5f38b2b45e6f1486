import type { Actor } from './actor.js';
import type { Committed } from './committed.js';
import type { Transaction } from './transaction.js';

/**
 * The way to change anything: all that `work` does is done in one transaction, in somebody's name, and the events it
 * records are written in it. What `work` throws takes everything back.
 *
 * Whether the actor may do it `work` checks itself, **last**: rows are locked in the order account, application, key
 * counts, keys and balances, members; what subscribers to the events lock comes after all of them. Two who lock them in
 * different orders would wait for each other.
 */
export abstract class UnitOfWork {
  abstract run<T>(actor: Actor, work: (tx: Transaction) => Promise<T>): Promise<Committed<T>>;

  /** Does `work`, and takes back all that it has done: what it would come to, and whatever it throws. */
  abstract rehearse<T>(actor: Actor, work: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** Takes a transaction back: somebody else has changed the row since it was read. */
export class OptimisticLockError extends Error {
  override readonly name = 'OptimisticLockError';
}

/** What `attempt` resolves to; null when somebody else came first. */
export async function unlessStale<T>(attempt: Promise<T>): Promise<T | null> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof OptimisticLockError) return null;
    throw error;
  }
}
