import type { Instant, Lease } from '../domain/lease.js';
import type { NodeWatch } from '../domain/node-watch.js';
import type { AppliedChanges } from './applied-changes.js';
import {
  FeedUnreachable,
  type ChangeFeed,
  type FeedAnswer,
  type FreshnessLog,
  type NodeClock,
} from './ports.js';
import { WakeUp } from './wake-up.js';

/** Pauses between attempts to reach the database: doubled from the first to the longest, in milliseconds. */
const FIRST_BACKOFF_MS = 10;
const LONGEST_BACKOFF_MS = 1000;

/** Renewals within one lease: some may be lost or late, and it is still held. */
const RENEWALS_PER_LEASE = 4;

/**
 * `fresh`: what is cached may be answered. `stale`: it may be out of date, the database is out of reach, and
 * the operator has chosen to answer nevertheless. `lapsed`: only the database may answer.
 */
export type FreshnessState = 'fresh' | 'stale' | 'lapsed';

export interface FreshnessNodeOptions {
  /** Made anew by every process. */
  id: string;
  /** Milliseconds after the lease in which the state may be `stale`; 0 for never. */
  staleMs: number;
}

export interface FreshnessNodeParts {
  feed: ChangeFeed;
  lease: Lease;
  applied: AppliedChanges;
  watch: NodeWatch;
  clock: NodeClock;
  log: FreshnessLog;
}

/** Keeps this process's lease and follows the feed of changes. */
export class FreshnessNode {
  readonly id: string;
  /** Resolves when the first lease has been granted. */
  readonly ready: Promise<void>;

  private readonly wakeUp: WakeUp;
  private becomeReady!: () => void;
  private loop: Promise<void> = Promise.resolve();
  private stopped = false;

  private renewals = 0;
  /** What the database knows of the changes we have applied. */
  private acknowledged = 0;
  /** The change we should renew for; forgotten when a renewal is sent. */
  private wanted = 0;
  private failures = 0;
  private unreachable = false;

  constructor(
    private readonly options: FreshnessNodeOptions,
    protected readonly parts: FreshnessNodeParts,
  ) {
    this.id = options.id;
    this.wakeUp = new WakeUp(parts.clock);
    this.ready = new Promise((resolve) => {
      this.becomeReady = resolve;
    });
  }

  /** Whether a cached value may be answered **now**: to be asked after the request has arrived, never before. */
  held(): boolean {
    return this.parts.lease.held();
  }

  state(): FreshnessState {
    if (this.held()) return 'fresh';
    const { lease } = this.parts;
    return this.unreachable && lease.lapsedFor() < this.options.staleMs ? 'stale' : 'lapsed';
  }

  start(): void {
    this.loop = this.run();
  }

  /** Nothing cached is good from here on. Ends when the database has been told, or cannot be. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.parts.lease.end();
    this.wakeUp.all();
    await this.loop;
    await this.parts.feed.leave(this.id);
  }

  /** A change has been committed. */
  hear(number: number): void {
    if (number <= this.parts.applied.last) return;
    this.wanted = Math.max(this.wanted, number);
    this.hurry();
  }

  /** Renews at once, for whatever may have been committed by now. */
  renewNow(): void {
    this.wanted = Infinity;
    this.hurry();
  }

  private isRunning(): boolean {
    return !this.stopped;
  }

  private hurry(): void {
    // While the database is out of reach, impatience does not bring it back.
    if (this.failures === 0) this.wakeUp.all();
  }

  private async run(): Promise<void> {
    while (this.isRunning()) {
      const pause = await this.renew();
      if (pause > 0 && this.isRunning()) await this.wakeUp.sleep(pause);
    }
  }

  /** One round trip. Answers the milliseconds until the next. */
  private async renew(): Promise<number> {
    const { feed, lease, applied, clock } = this.parts;
    const sent = lease.now();
    const claim = applied.last;
    this.wanted = 0;
    this.renewals += 1;
    try {
      const answer = await feed.renew({
        node: this.id,
        renewal: this.renewals,
        applied: claim,
        leaseMs: lease.leaseMs,
        acknowledges: claim !== this.acknowledged,
      });
      if (!this.isRunning()) return 0;
      this.take(answer, sent);
    } catch (error) {
      return this.failed(error);
    }
    this.acknowledged = claim;
    this.recovered();
    // Others may be waiting to hear that we have applied it, and there may be more already.
    if (applied.last !== claim || this.wanted > applied.last) return 0;
    return sent.monotonic + lease.leaseMs / RENEWALS_PER_LEASE - clock.monotonic();
  }

  /** The changes come first: the lease is good only for a cache that has seen them. */
  protected take(answer: FeedAnswer, sent: Instant): void {
    const { lease, applied, watch, clock } = this.parts;
    applied.take(answer);
    watch.note(answer.nodes, clock.monotonic());
    lease.grant(sent);
    this.becomeReady();
  }

  private failed(error: unknown): number {
    this.unreachable = error instanceof FeedUnreachable;
    this.failures += 1;
    if (this.failures === 1 && this.isRunning()) {
      this.parts.log.warn(`The freshness lease cannot be renewed, trying again: ${(error as Error).message}`);
    }
    return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.failures - 1));
  }

  private recovered(): void {
    if (this.failures > 0) this.parts.log.log('The freshness lease is renewed again');
    this.failures = 0;
    this.unreachable = false;
  }
}
