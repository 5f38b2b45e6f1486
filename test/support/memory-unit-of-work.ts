import type { Actor } from '../../src/shared/actor.js';
import type { ChangeProof, Committed } from '../../src/shared/committed.js';
import type { DomainEvent } from '../../src/shared/domain-event.js';
import type { Transaction } from '../../src/shared/transaction.js';
import { UnitOfWork } from '../../src/shared/unit-of-work.js';
import type { Freshness } from '../../src/modules/freshness/index.js';

/**
 * Transactions on repositories in memory, which tell it how to take back what they have written. It notes what it has
 * committed; where nothing was written there is no proof of a change.
 */
export class MemoryUnitOfWork extends UnitOfWork {
  readonly actors: Actor[] = [];
  readonly committed: DomainEvent[] = [];
  private undo: (() => void)[] = [];
  private changes = 0;

  async run<T>(actor: Actor, work: (tx: Transaction) => Promise<T>): Promise<Committed<T>> {
    this.undo = [];
    const events: DomainEvent[] = [];
    const record = (more: readonly DomainEvent[]): void => void events.push(...more);
    try {
      const value = await work({ actor, record } as Transaction);
      this.actors.push(actor);
      this.committed.push(...events);
      return { value, change: this.undo.length === 0 ? null : this.nextChange() };
    } catch (error) {
      for (const takeBack of this.undo.reverse()) takeBack();
      throw error;
    }
  }

  async rehearse<T>(actor: Actor, work: (tx: Transaction) => Promise<T>): Promise<T> {
    this.undo = [];
    try {
      return await work({ actor, record: () => undefined } as unknown as Transaction);
    } finally {
      for (const takeBack of this.undo.reverse()) takeBack();
    }
  }

  /** Called by a repository that has written something. */
  wrote(takeBack: () => void): void {
    this.undo.push(takeBack);
  }

  private nextChange(): ChangeProof {
    this.changes += 1;
    return { number: this.changes, id: `change ${this.changes}` };
  }
}

/** What services need of the protocol of freshness, on one node; it notes what was awaited. */
export class MemoryFreshness implements Pick<
  Freshness,
  'read' | 'waitForPropagation' | 'waitBeforeRefusing'
> {
  /** The numbers of the changes, or null. */
  readonly awaited: (number | null)[] = [];

  async read<T>(query: (atLeast: number) => Promise<{ value: T }>): Promise<T> {
    return (await query(0)).value;
  }

  waitForPropagation(change: ChangeProof | null): Promise<void> {
    this.awaited.push(change?.number ?? null);
    return Promise.resolve();
  }

  async waitBeforeRefusing<T>(code: string, attempt: Promise<T>): Promise<T> {
    try {
      return await attempt;
    } catch (error) {
      if ((error as { code?: unknown }).code === code) await this.waitForPropagation(null);
      throw error;
    }
  }

  asFreshness(): Freshness {
    return this as unknown as Freshness;
  }
}
