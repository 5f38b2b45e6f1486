import type { EntityManager } from 'typeorm';
import type { Transaction } from '../../shared/transaction.js';

/** Hands an open transaction to another module without showing it what it is made of. */
export function asTransaction(manager: EntityManager): Transaction {
  return manager as unknown as Transaction;
}

/** What `asTransaction` wrapped. */
export function managerOf(transaction: Transaction): EntityManager {
  return transaction as unknown as EntityManager;
}
