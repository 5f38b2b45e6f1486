import type { EntityManager } from 'typeorm';
import type { Actor } from '../../shared/actor.js';
import type { DomainEvent } from '../../shared/domain-event.js';
import type { Snapshot, Transaction } from '../../shared/transaction.js';

/** The implementation of `Transaction` by TypeORM. */
export class OpenTransaction {
  readonly events: DomainEvent[] = [];
  /** Whether it is in doubt when its COMMIT was told no number of a change. */
  needsProof = false;

  constructor(
    readonly manager: EntityManager,
    readonly actor: Actor,
  ) {}

  record(events: readonly DomainEvent[]): void {
    this.events.push(...events);
  }

  /** The opaque type that other modules see. */
  get handle(): Transaction {
    return this as unknown as Transaction;
  }
}

/** That of a transaction, or of what is only read. */
export function managerOf(snapshot: Snapshot): EntityManager {
  return (snapshot as unknown as Pick<OpenTransaction, 'manager'>).manager;
}

/** To be called by who has changed rows that get a number: without one, the transaction was not committed for certain. */
export function expectProof(transaction: Transaction): void {
  (transaction as unknown as OpenTransaction).needsProof = true;
}
