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
  private readonly granted: WakeUp;
  private becomeReady!: () => void;
  private loop: Promise<void> = Promise.resolve();
  private stopped = false;

  private renewals = 0;
  /** When the next renewal is due (monotonic milliseconds). */
  private renewAt = -Infinity;
  /** What the database knows of the changes we have applied. */
  private acknowledged = 0;
  /** The change we should look for; forgotten when a read is sent. */
  private wanted = 0;
  private failures = 0;
  /** Renewals since the start, by how they ended. */
  readonly counts = { granted: 0, failed: 0 };
  /** Since when renewals fail (monotonic milliseconds). */
  private failingSince: number | null = null;
  private unreachable = false;

  constructor(
    private readonly options: FreshnessNodeOptions,
    protected readonly parts: FreshnessNodeParts,
  ) {
    this.id = options.id;
    this.wakeUp = new WakeUp(parts.clock);
    this.granted = new WakeUp(parts.clock);
    this.ready = new Promise((resolve) => {
      this.becomeReady = resolve;
    });
  }

  /** Whether a cached value may be answered **now**: to be asked after the request has arrived, never before. */
  held(): boolean {
    return this.parts.lease.held();
  }

  /** Resolves when a lease is granted, and at the latest after so many milliseconds. */
  nextLease(withinMs: number): Promise<void> {
    return this.granted.sleep(withinMs);
  }

  /** Milliseconds for which renewals have been failing; 0 when the last one has succeeded. */
  failingFor(): number {
    return this.failingSince === null ? 0 : this.parts.clock.monotonic() - this.failingSince;
  }

  state(): FreshnessState {
    if (this.held()) return 'fresh';
    const { lease } = this.parts;
    return this.unreachable && lease.lapsedFor() < this.options.staleMs ? 'stale' : 'lapsed';
  }

  start(): void {
    this.loop = this.run();
  }

  /** Nothing cached is used from here on. Resolves when the database has been told, or cannot be. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.parts.lease.end();
    this.wakeUp.all();
    await this.loop;
    await this.parts.feed.leave(this.id);
  }

  /** A change has been committed. */
  onNotify(number: number): void {
    if (number <= this.parts.applied.last) return;
    this.wanted = Math.max(this.wanted, number);
    this.hurry();
  }

  /** Whatever has been committed by now, we should know of. */
  readNow(): void {
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
      const pause = await this.step().then(
        () => this.succeeded(),
        (error: unknown) => this.failed(error),
      );
      if (pause > 0 && this.isRunning()) await this.wakeUp.sleep(pause);
    }
  }

  /** Renews the lease if it is time, else reads what is new, and says what has been applied since it was last said. */
  private async step(): Promise<void> {
    const { applied, clock } = this.parts;
    if (clock.monotonic() >= this.renewAt) await this.renew();
    else if (this.wanted > applied.last) await this.read();
    if (applied.last !== this.acknowledged && this.isRunning()) await this.acknowledge();
  }

  private async renew(): Promise<void> {
    const { feed, lease, applied } = this.parts;
    const sent = lease.now();
    const claim = applied.last;
    this.wanted = 0;
    this.renewals += 1;
    const answer = await feed.renew({
      node: this.id,
      renewal: this.renewals,
      applied: claim,
      leaseMs: lease.leaseMs,
    });
    if (!this.isRunning()) return;
    this.acknowledged = claim;
    // The changes come first: the lease holds only for a cache that has seen them.
    this.take(answer);
    this.grant(sent);
    this.renewAt = sent.monotonic + lease.leaseMs / RENEWALS_PER_LEASE;
  }

  private async read(): Promise<void> {
    const { feed, applied } = this.parts;
    this.wanted = 0;
    const answer = await feed.read(applied.last);
    if (!this.isRunning()) return;
    // A standby, or an old primary, knows less. Only a renewal, which is committed, can tell whether to follow it.
    if (this.isOlder(answer))
      throw new FeedUnreachable('the database answers with an older state than before');
    this.take(answer);
  }

  protected isOlder({ last }: FeedAnswer): boolean {
    return last < this.parts.applied.last;
  }

  private async acknowledge(): Promise<void> {
    const claim = this.parts.applied.last;
    await this.parts.feed.acknowledge({ node: this.id, renewal: this.renewals, applied: claim });
    this.acknowledged = claim;
  }

  protected take(answer: FeedAnswer): void {
    const { applied, watch, clock } = this.parts;
    applied.take(answer);
    watch.note(answer.nodes, clock.monotonic());
  }

  protected grant(sent: Instant): void {
    this.parts.lease.grant(sent);
    this.counts.granted += 1;
    this.becomeReady();
    this.granted.all();
  }

  /** Returns the milliseconds until the next step. */
  private succeeded(): number {
    const { applied, clock, log } = this.parts;
    if (this.failures > 0) log.log('The freshness lease is renewed again');
    this.failures = 0;
    this.failingSince = null;
    this.unreachable = false;
    return this.wanted > applied.last ? 0 : this.renewAt - clock.monotonic();
  }

  private failed(error: unknown): number {
    this.unreachable = error instanceof FeedUnreachable;
    this.failures += 1;
    this.counts.failed += 1;
    this.failingSince ??= this.parts.clock.monotonic();
    this.renewAt = -Infinity;
    if (this.failures === 1 && this.isRunning()) {
      this.parts.log.warn(`The freshness lease cannot be renewed, trying again: ${(error as Error).message}`);
    }
    return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.failures - 1));
  }
}
