import type { Change, Subject } from '../../../src/modules/freshness/domain/change.js';
import type { NodeRow } from '../../../src/modules/freshness/domain/node-watch.js';
import type {
  Acknowledgement,
  FeedAnswer,
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
  subjects: Subject[];
  /** Happens when the transaction becomes visible. */
  apply: () => void;
}

type Notify = { changed: number } | 'acknowledged';

/** PostgreSQL as far as the protocol can tell: commits, snapshots, the counter's lock, notifications, crashes. */
export class SimDatabase {
  up = true;
  readonly keys = new Map<string, KeyRecord>();
  readonly nodes = new Map<string, NodeRow & { durably: number }>();
  /** Called for every notification; the network decides who hears it, and when. */
  notify: (notification: Notify) => void = () => undefined;

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
  ) {}

  crash(): void {
    this.up = false;
    this.life += 1;
    this.locked = false;
    this.lockQueue = [];
    // Acknowledgements do not wait for the disk.
    for (const row of this.nodes.values()) if (this.random.chance(0.5)) row.applied = row.durably;
  }

  commit(transaction: Transaction, done: () => void): void {
    if (transaction.subjects.length === 0) {
      this.later(() => {
        transaction.apply();
        done();
      });
      return;
    }
    if (this.bug === 'number-outside-transaction') {
      this.append(this.nextNumber(), transaction.subjects);
      this.later(() => {
        transaction.apply();
        done();
      });
      return;
    }
    if (this.bug === 'number-without-lock') {
      this.sequence = Math.max(this.sequence + 1, this.nextNumber());
      const number = this.sequence;
      this.later(() => {
        transaction.apply();
        this.append(number, transaction.subjects);
        done();
      });
      return;
    }
    this.withCounterLocked((unlock) => {
      const number = this.nextNumber();
      this.later(() => {
        transaction.apply();
        this.append(number, transaction.subjects);
        unlock();
        done();
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
    const changes = applied === 0 ? [] : this.feed.filter(({ number }) => number >= applied);
    return { ...this.snapshot(), changes: changes.length > 20 ? [] : changes };
  }

  snapshot(): { last: number; nodes: NodeRow[] } {
    return { last: this.counter, nodes: [...this.nodes.values()].map((row) => ({ ...row })) };
  }

  remove(id: string, renewal: number): void {
    if (this.nodes.get(id)?.renewal === renewal) this.nodes.delete(id);
  }

  trim(olderThanMs: number): void {
    const before = (this.scheduler.now - olderThanMs) * 1000;
    this.feed = this.feed.filter(({ number }) => number >= before || number === this.counter);
  }

  private nextNumber(): number {
    return Math.max(this.counter + 1, Math.floor(this.scheduler.now * 1000));
  }

  private append(number: number, subjects: Subject[]): void {
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
