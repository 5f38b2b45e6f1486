import type { ChangeProof } from '../../../src/shared/committed.js';
import type { Change, EntityRef } from '../../../src/modules/freshness/domain/change.js';
import type { NodeRow } from '../../../src/modules/freshness/domain/node-watch.js';
import type {
  Acknowledgement,
  FeedAnswer,
  NodeSnapshot,
  Renewal,
} from '../../../src/modules/freshness/application/ports.js';
import type { Bug } from './bugs.js';
import type { Version } from './history.js';
import type { Random } from '../../support/random.js';
import type { Scheduler } from './scheduler.js';

/** A row as a verification reads it. */
export interface KeyRecord {
  key: string;
  application: string;
  version: Version;
}

export interface Transaction {
  /** What takes a number; a transaction without any takes none. */
  subjects: EntityRef[];
  /** Happens when the transaction becomes visible. */
  apply: () => void;
}

/** What a call meets that may have been led to another server than the primary. */
export interface Server {
  readonly keys: ReadonlyMap<string, KeyRecord>;
  readonly isPrimary: boolean;
  read(applied: number): FeedAnswer;
  snapshot(): NodeSnapshot;
}

/** Rows of changes that a node reads. */
const MAX_CHANGES = 20;
/** Rows that are kept: fewer than a node would read, so that it is seen what becomes of a node whose changes are gone. */
const KEPT_CHANGES = 6;

type Notify = { changed: number } | 'acknowledged';

/** PostgreSQL as far as the protocol can tell: commits, snapshots, the counter's lock, notifications, crashes. */
export class SimDatabase implements Server {
  readonly isPrimary = true;
  up = true;
  readonly keys = new Map<string, KeyRecord>();
  readonly nodes = new Map<string, NodeRow & { durably: number }>();
  /** Called for every notification; the network decides who hears it, and when. */
  notify: (notification: Notify) => void = () => undefined;

  private readonly proofs = new Set<string>();
  private counter = 1;
  private feed: Change[] = [{ number: 1, kind: 'start', id: '' }];
  /** Rises with each crash: what was under way before it never happens. */
  private life = 0;
  private locked = false;
  private lockQueue: (() => void)[] = [];
  private sequence = 1;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly bug: Bug | undefined,
    /** How probable it is that the server itself pauses between two steps of a call. */
    public slow: number,
    /** How probable it is that a COMMIT is answered, and nothing was committed. */
    public lies: number,
  ) {}

  /** A standby that stands still where the primary is now; as much is an old primary, which can commit nothing. */
  standby(): Server {
    const [keys, feed, snapshot] = [new Map(this.keys), [...this.feed], this.snapshot()];
    return {
      keys,
      isPrimary: false,
      read: (applied) => ({ ...snapshot, changes: changesFrom(feed, applied) }),
      snapshot: () => snapshot,
    };
  }

  crash(): void {
    this.up = false;
    this.life += 1;
    this.locked = false;
    this.lockQueue = [];
    // Acknowledgements do not wait for the disk.
    for (const row of this.nodes.values()) if (this.random.chance(0.5)) row.applied = row.durably;
  }

  /** `done` is told the proof of the changes. */
  commit(transaction: Transaction, done: (change: ChangeProof | null) => void): void {
    if (transaction.subjects.length === 0) {
      this.later(() => {
        transaction.apply();
        done(null);
      });
      return;
    }
    if (this.random.chance(this.lies)) {
      const number = this.nextNumber();
      this.later(() => {
        done({ number, id: 'a lie' });
      });
      return;
    }
    if (this.bug === 'number-outside-transaction') {
      const number = this.nextNumber();
      this.append(number, transaction.subjects);
      this.later(() => {
        transaction.apply();
        done(this.prove(number));
      });
      return;
    }
    if (this.bug === 'number-without-lock') {
      this.sequence = Math.max(this.sequence + 1, this.nextNumber());
      const number = this.sequence;
      this.later(() => {
        transaction.apply();
        this.append(number, transaction.subjects);
        done(this.prove(number));
      });
      return;
    }
    this.withCounterLocked((unlock) => {
      const number = this.nextNumber();
      this.later(() => {
        transaction.apply();
        this.append(number, transaction.subjects);
        unlock();
        done(this.prove(number));
      });
    });
  }

  renew(renewal: Renewal, done: (answer: FeedAnswer) => void): void {
    if (this.bug === 'one-snapshot') {
      const answer = this.read(renewal.applied);
      this.later(() => {
        this.register(renewal);
        done(answer);
      });
      return;
    }
    this.register(renewal);
    this.later(() => {
      done(this.read(renewal.applied));
    });
  }

  acknowledge({ node, renewal, applied }: Acknowledgement): void {
    const row = this.nodes.get(node);
    if (row?.renewal !== renewal) return;
    row.applied = applied;
    this.notify('acknowledged');
  }

  read(applied: number): FeedAnswer {
    return { ...this.snapshot(), changes: changesFrom(this.feed, applied) };
  }

  snapshot(): NodeSnapshot {
    return { last: this.counter, nodes: [...this.nodes.values()].map((row) => ({ ...row })) };
  }

  remove(id: string, renewal: number): void {
    if (this.nodes.get(id)?.renewal === renewal) this.nodes.delete(id);
  }

  trim(): void {
    const kept = this.feed.at(-KEPT_CHANGES);
    if (kept !== undefined) this.feed = this.feed.filter(({ number }) => number >= kept.number);
  }

  /** Whether the change is committed. */
  shows({ id }: ChangeProof): boolean {
    return this.proofs.has(id);
  }

  private prove(number: number): ChangeProof {
    const id = `proof-${this.proofs.size}`;
    this.proofs.add(id);
    return { number, id };
  }

  private nextNumber(): number {
    return this.counter + 1;
  }

  private append(number: number, subjects: EntityRef[]): void {
    for (const subject of subjects) this.feed.push({ number, ...subject });
    if (number < this.counter) this.feed.sort((a, b) => a.number - b.number);
    this.counter = Math.max(this.counter, number);
    this.notify({ changed: number });
  }

  private register({ node, renewal, applied, leaseMs }: Renewal): void {
    const known = this.nodes.get(node);
    if (known !== undefined && known.renewal >= renewal) return;
    this.nodes.set(node, { id: node, renewal, applied, leaseMs, durably: applied });
  }

  private withCounterLocked(work: (unlock: () => void) => void): void {
    if (this.locked) {
      this.lockQueue.push(() => {
        this.withCounterLocked(work);
      });
      return;
    }
    this.locked = true;
    work(() => {
      this.locked = false;
      this.lockQueue.shift()?.();
    });
  }

  /** The next step of a call that is under way, unless the database crashes before. */
  private later(step: () => void): void {
    const { life } = this;
    const pause = this.random.chance(this.slow)
      ? this.random.between(1, 400)
      : this.random.between(0.02, 0.5);
    this.scheduler.after(pause, () => {
      if (this.life === life) step();
    });
  }
}

function changesFrom(feed: readonly Change[], applied: number): Change[] {
  const changes = applied === 0 ? [] : feed.filter(({ number }) => number >= applied);
  return changes.length > MAX_CHANGES ? [] : changes;
}
