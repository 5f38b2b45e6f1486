import type { Actor } from './actor.js';
import type { DomainEvent } from './domain-event.js';

declare const snapshot: unique symbol;

/** One state of the database, which is handed from one repository to another so that both read it. */
export interface Snapshot {
  readonly [snapshot]: never;
}

/**
 * An open transaction of a unit of work, handed from one repository to another so that both change their rows
 * together. Only `infrastructure/` can look inside.
 */
export interface Transaction extends Snapshot {
  /** Who makes the changes. */
  readonly actor: Actor;
  /** Has the events written before the commit: with the changes, or not at all. */
  record(events: readonly DomainEvent[]): void;
}
