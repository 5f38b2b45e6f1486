import type { ChangeProof } from '../../../shared/committed.js';
import { DomainError, type ErrorCode } from '../../../shared/domain-error.js';
import type { Dependency } from '../domain/change.js';
import type { FillTicket } from '../domain/fill-gate.js';
import type { AppliedChanges, ChangeListener } from './applied-changes.js';
import type { FreshnessNode, FreshnessState } from './freshness-node.js';
import type { Housekeeping } from './housekeeping.js';
import type { Dated, FencedReads } from './fenced-reads.js';
import type { ChangeFeed } from './ports.js';
import type { Propagation } from './propagation.js';

export interface FreshnessParts {
  feed: ChangeFeed;
  applied: AppliedChanges;
  node: FreshnessNode;
  propagation: Propagation;
  reads: FencedReads;
  housekeeping: Housekeeping;
}

/**
 * What the rest of the service needs to cache records that may be revoked.
 *
 * Whoever **reads** asks `held` after the request has arrived, and only then looks into its cache. Whoever
 * **fills** takes a ticket before the read and shows it afterwards; it reads by `read`, as does whoever keeps nothing
 * in memory, since not every server that answers is the primary. Whoever **changes** a record lets the
 * database's triggers take the number, and awaits `waitForPropagation` between the commit and the answer, whether or not
 * this call changed anything: a repeated call promises the same as the first.
 */
export class Freshness {
  private propagationListener: (milliseconds: number, isCertain: boolean) => void = () => undefined;
  private awaited = 0;

  /** Resolves when the first lease is held. Until then nothing is answered from a cache. */
  readonly ready: Promise<void>;

  constructor(private readonly parts: FreshnessParts) {
    this.ready = parts.node.ready;
    parts.feed.listen({
      changed: (number) => {
        parts.node.onNotify(number);
      },
      acknowledged: () => {
        parts.propagation.acknowledged();
      },
      lost: () => {
        parts.node.readNow();
      },
    });
  }

  /** Whether what is cached may be answered **now**; a few nanoseconds, and no allocation. */
  held(): boolean {
    return this.parts.node.held();
  }

  /** `stale` only where `VERIFY_STALE_MS` allows it. After a read has failed, ask again. */
  state(): FreshnessState {
    return this.parts.node.state();
  }

  /** To be called before the read is sent. */
  beginFill(): FillTicket {
    return this.parts.applied.beginFill();
  }

  /** Whether what was read since the ticket, and was made of `dependencies`, may go into a cache. */
  mayFill(ticket: FillTicket, dependencies: readonly Dependency[]): boolean {
    return this.parts.applied.mayFill(ticket, dependencies);
  }

  /** See `FencedReads.read`. */
  read<T>(query: (atLeast: number) => Promise<Dated<T>>): Promise<T> {
    return this.parts.reads.read(query);
  }

  /** To be called before `start`. */
  subscribe(listener: ChangeListener): void {
    this.parts.applied.subscribe(listener);
  }

  /**
   * Resolves when everything that was committed before the call holds on every node, and the change of this number
   * can be seen to be committed; null when the call has found nothing to change. Throws `service_unavailable` when that
   * cannot be told.
   */
  async waitForPropagation(change: ChangeProof | null): Promise<void> {
    // Our own node need not wait to be notified.
    this.parts.node.readNow();
    const began = performance.now();
    let isCertain = false;
    this.awaited += 1;
    try {
      await this.parts.propagation.wait(change);
      isCertain = true;
    } finally {
      this.awaited -= 1;
      this.propagationListener(performance.now() - began, isCertain);
    }
  }

  /**
   * What `attempt` resolves to. When it is refused with `code`, it may repeat a call whose change is committed, and which
   * could not wait: so it is refused once that holds on every node.
   */
  async waitBeforeRefusing<T>(code: ErrorCode, attempt: Promise<T>): Promise<T> {
    try {
      return await attempt;
    } catch (error) {
      if (error instanceof DomainError && error.code === code) await this.waitForPropagation(null);
      throw error;
    }
  }

  /** Is told of each change that was awaited: in how many milliseconds it held everywhere, or that it is not certain. */
  onPropagated(listener: (milliseconds: number, isCertain: boolean) => void): void {
    this.propagationListener = listener;
  }

  /** Renewals of the lease since the start, by how they ended. */
  get renewals(): Readonly<{ granted: number; failed: number }> {
    return this.parts.node.counts;
  }

  /** Changes that are awaited. */
  get waitingForPropagation(): number {
    return this.awaited;
  }

  start(): void {
    this.parts.node.start();
    this.parts.housekeeping.start();
  }

  /** Nothing of it is under way when this ends, nor begins after it. */
  async stop(): Promise<void> {
    const { housekeeping, propagation, node } = this.parts;
    await Promise.all([housekeeping.stop(), propagation.stop(), node.stop()]);
  }
}
