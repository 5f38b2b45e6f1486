import { EVERYTHING, type Change, type Dependency, type EntityRef } from '../domain/change.js';
import { FillGate, type FillTicket } from '../domain/fill-gate.js';
import type { FeedAnswer } from './ports.js';

/** Something that keeps values in memory, and is told when they are no longer good. */
export interface ChangeListener {
  onChange(change: EntityRef): void;
  /** Anything may have changed. */
  onReset(): void;
}

/** How far this process has followed the feed, and what that means for its caches. */
export class AppliedChanges {
  private readonly listeners: ChangeListener[] = [];
  private number = 0;

  constructor(private readonly gate = new FillGate()) {}

  /** The last change applied; 0 before the first answer of the feed. */
  get last(): number {
    return this.number;
  }

  subscribe(listener: ChangeListener): void {
    this.listeners.push(listener);
  }

  beginFill(): FillTicket {
    return this.gate.begin();
  }

  mayFill(ticket: FillTicket, dependencies: readonly Dependency[]): boolean {
    return this.gate.allows(ticket, dependencies);
  }

  /**
   * Applies what has changed. A process that has just started knows nothing yet, and one whose last change is
   * gone from the feed does not know what it missed: both forget all and go on from the present.
   *
   * If a listener throws, nothing of the answer counts as applied, and it will be applied again.
   */
  take({ changes, last }: FeedAnswer): void {
    if (this.number !== 0 && changes[0]?.number === this.number) {
      for (const change of changes) if (change.number > this.number) this.apply(change);
    } else {
      this.reset();
    }
    this.number = last;
  }

  private apply(change: Change): void {
    if (change.kind === EVERYTHING) {
      this.reset();
      return;
    }
    this.gate.noteChange(change);
    for (const listener of this.listeners) listener.onChange(change);
  }

  private reset(): void {
    this.gate.noteReset();
    for (const listener of this.listeners) listener.onReset();
  }
}
