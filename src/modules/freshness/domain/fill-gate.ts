import { onKind, onEntity, type Dependency, type EntityRef } from './change.js';

/** When a read began, counted in changes this node has applied. */
export type FillTicket = number;

/**
 * Keeps a value out of the cache if what it was made of has changed since its read began: the read may have
 * seen the record before the change, and the change has already swept the cache.
 *
 * A change applied before the read began is no danger: it was committed before it was applied, so the read
 * sees it. (This holds for reads from the primary. A read from a replica that lags must not be cached.)
 *
 * It judges by subject, so that a stream of changes to other records lets fills through, and remembers the
 * last `capacity` dependencies; a read that takes longer than it takes to forget one does not go in.
 */
export class FillGate {
  private applied = 0;
  private forgottenUpTo = 0;
  /** In the order of the last change to each. */
  private readonly lastChangeTo = new Map<Dependency, number>();

  constructor(private readonly capacity = 10_000) {}

  /** To be called before the read is sent. */
  begin(): FillTicket {
    return this.applied;
  }

  /** Whether a value read since `ticket`, and made of `dependencies`, is still good. */
  allows(ticket: FillTicket, dependencies: readonly Dependency[]): boolean {
    if (ticket < this.forgottenUpTo) return false;
    return dependencies.every((dependency) => (this.lastChangeTo.get(dependency) ?? 0) <= ticket);
  }

  noteChange(subject: EntityRef): void {
    this.applied += 1;
    this.touch(onEntity(subject.kind, subject.id));
    this.touch(onKind(subject.kind));
  }

  /** No read that has begun so far may go in. */
  noteReset(): void {
    this.applied += 1;
    this.forgottenUpTo = this.applied;
    this.lastChangeTo.clear();
  }

  private touch(dependency: Dependency): void {
    this.lastChangeTo.delete(dependency);
    this.lastChangeTo.set(dependency, this.applied);
    if (this.lastChangeTo.size <= this.capacity) return;
    for (const [oldest, at] of this.lastChangeTo) {
      this.lastChangeTo.delete(oldest);
      this.forgottenUpTo = at;
      return;
    }
  }
}
