import type { ChangeProof } from '../../../shared/committed.js';
import type { Change } from '../domain/change.js';
import type { NodeRow } from '../domain/node-watch.js';

export interface Renewal {
  /** Made anew by every process: two that shared an id would confirm for one another. */
  node: string;
  /** Rises with each call. The database keeps the highest, in case an abandoned call arrives late. */
  renewal: number;
  /** The last change this node has applied; 0 for none, because it has just started. */
  applied: number;
  leaseMs: number;
}

/** What a node says between two renewals: how far it has come since the last one. */
export type Acknowledgement = Omit<Renewal, 'leaseMs'>;

export interface FeedAnswer {
  /** The last committed change. */
  last: number;
  /**
   * Every change from `applied` **on**, so that the first is `applied` itself, in the order of numbers and from
   * one snapshot with `last`. Without that first one the feed does not go on from where the node stands: it has
   * been trimmed, or the database was put back to an earlier state. Empty when there are too many to be worth
   * reading, or when `applied` was 0.
   */
  changes: Change[];
  /** Every registered node. */
  nodes: NodeRow[];
}

export interface FeedListener {
  /** A change was committed. Being told is never certain, and may come late. */
  changed(number: number): void;
  /** A node has applied something new. As uncertain. */
  acknowledged(): void;
  /** The connection broke: until the next renewal no notification will arrive. */
  lost(): void;
}

/** This node's own connection to the database, which nothing else may use up. */
export interface ChangeFeed {
  listen(listener: FeedListener): void;

  /**
   * Registers the node or renews its lease, **commits that**, and only then reads the changes. In one snapshot it
   * would be wrong: a revoker could see the old lease and wait only for that, while this node went on under the
   * new one without having seen the change.
   *
   * Connects when it must. Rejects within about a lease, and an answer that comes after that is never seen:
   * with `FeedUnreachable` when the database cannot be reached, with anything else when it refuses. So do the others.
   */
  renew(renewal: Renewal): Promise<FeedAnswer>;

  /** Reads the changes and promises nothing; not even that the database is still the one it was. */
  read(applied: number): Promise<FeedAnswer>;

  /**
   * Tells the database, and through it whoever waits, what has been applied. Has no effect unless the renewal is still
   * the node's last. May be forgotten in a crash of the database.
   */
  acknowledge(acknowledgement: Acknowledgement): Promise<void>;

  /** Takes the node off the list, if that can be done at once, and closes the connection. */
  leave(node: string): Promise<void>;
}

export class FeedUnreachable extends Error {
  override readonly name = 'FeedUnreachable';
}

export interface NodeSnapshot {
  last: number;
  nodes: NodeRow[];
}

export interface NodeTable {
  /**
   * The last committed change and every registered node, in one snapshot that is taken after the call, by a transaction
   * that has to be committed itself: no standby can answer, nor a primary that has lost its synchronous standbys, and
   * what the snapshot shows stays. Never shows what it has itself not committed yet. `proven` are the ids of those of the
   * changes that it shows.
   */
  look(changes: readonly ChangeProof[]): Promise<NodeSnapshot & { proven: ReadonlySet<string> }>;
  /** The same without a promise that what it shows stays. */
  read(): Promise<NodeSnapshot>;
  /** Takes a node off the list unless it has renewed since. */
  remove(id: string, renewal: number): Promise<void>;
  /** Forgets changes that are older than any that a node would still read, but never the last one. */
  trim(): Promise<void>;
}

/** Time as one process sees it. */
export interface NodeClock {
  /** Milliseconds on a clock that is never set. */
  monotonic(): number;
  /** Milliseconds since 1970, on a clock that may be set. */
  wall(): number;
  /** Calls back once, never synchronously; it may be early or late. Returns a function that calls it off. */
  after(ms: number, callback: () => void): () => void;
}

export interface FreshnessLog {
  warn(message: string): void;
  log(message: string): void;
}
