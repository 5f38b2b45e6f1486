import type { ChangeProof } from '../../../shared/committed.js';
import { freshSingleFlight } from '../../../shared/concurrency/single-flight.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { NodeWatch } from '../domain/node-watch.js';
import type { AppliedChanges } from './applied-changes.js';
import type { FreshnessNode } from './freshness-node.js';
import type { NodeClock, NodeSnapshot, NodeTable } from './ports.js';
import { WakeUp } from './wake-up.js';

/** Pauses between looks at the nodes when no acknowledgement arrives: doubled from the first to the longest. */
const FIRST_POLL_MS = 5;
const LONGEST_POLL_MS = 25;

/** Waits until what has been committed holds on every node. */
export class Propagation {
  /** One look at a time, shared by all who begin to wait, and each begun after the one before it has ended. */
  private readonly look: () => Promise<NodeSnapshot & { proven: ReadonlySet<string> }>;
  /** The changes that the next look has to show. */
  private readonly unproven = new Set<ChangeProof>();
  /** The same for all who go on waiting. */
  private readonly read: () => Promise<NodeSnapshot>;
  private readonly acknowledgement: WakeUp;
  private readonly waiters = new Set<Wait>();
  private following: Promise<void> | undefined;
  private stopped = false;
  private round = 0;

  constructor(
    nodes: NodeTable,
    private readonly watch: NodeWatch,
    private readonly clock: NodeClock,
    private readonly applied: Pick<AppliedChanges, 'last'>,
    private readonly node: Pick<FreshnessNode, 'id' | 'held'>,
  ) {
    this.acknowledgement = new WakeUp(clock);
    const noting = async <T extends NodeSnapshot>(asked: Promise<T>): Promise<T> => {
      const snapshot = await asked;
      watch.note(snapshot.nodes, clock.monotonic());
      return snapshot;
    };
    this.look = freshSingleFlight(() => noting(nodes.look([...this.unproven])));
    this.read = freshSingleFlight(() => noting(nodes.read()));
  }

  /**
   * To be called after the commit. When it resolves, no node answers from a cache that has not seen every change
   * committed before the call: each has said so, or the lease it held has run out.
   *
   * It takes one look at the nodes, after the commit. The look has to show the lease of this node, the change, and
   * whatever this node has applied: what was acknowledged and is not there has not been committed, is lost, or is in
   * another database. A lease that is not in it cannot matter: it will be committed before its changes are read, so that
   * they include ours. The leases that are in it run out, and then it is over, even if the database has gone away since:
   * it never waits longer than the longest of them.
   *
   * Throws `service_unavailable` when it cannot look, or does not see what it must. Nothing is promised of the change
   * then; the call may be repeated, and has to wait as the first did.
   *
   * @param change what is to hold; null for a call that found nothing to change
   */
  async wait(change: ChangeProof | null): Promise<void> {
    const { last, nodes } = await this.firstLook(change);
    const missing = nodes.filter((node) => node.applied < last);
    if (missing.length === 0) return;
    await new Promise<void>((resolve) => {
      const leases = missing.map(({ id }) => [id, this.watch.lapsesAt(id)] as const);
      const waiter = new Wait(last, new Map(leases), this.clock, () => {
        this.waiters.delete(waiter);
        resolve();
      });
      this.waiters.add(waiter);
      waiter.look();
      // There is nobody to follow for: the promise of that would have ended before it was kept here.
      if (!this.waiters.has(waiter)) return;
      this.round = 0;
      this.following ??= this.follow();
    });
  }

  /** Some node has said what it has applied. */
  acknowledged(): void {
    this.acknowledgement.all();
  }

  /** Looks no more: who still waits does so until the leases have run out. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.acknowledgement.all();
    await this.following;
  }

  private async firstLook(change: ChangeProof | null): Promise<NodeSnapshot> {
    if (change !== null) this.unproven.add(change);
    try {
      const least = this.applied.last;
      const hasLease = this.node.held();
      const snapshot = await this.look();
      if (hasLease && this.node.held()) this.assertShowsThisNode(snapshot);
      if (snapshot.last < least)
        throw new Error(`The database shows change ${snapshot.last}, and not ${least}.`);
      if (change !== null && !snapshot.proven.has(change.id)) {
        throw new Error(`The database does not show change ${change.number}, whose COMMIT it has answered.`);
      }
      return snapshot;
    } catch (cause) {
      throw uncertain(cause);
    } finally {
      if (change !== null) this.unproven.delete(change);
    }
  }

  /** Where the lease of this node is not seen, those of the others are not either. */
  private assertShowsThisNode({ nodes }: NodeSnapshot): void {
    if (nodes.some(({ id }) => id === this.node.id)) return;
    throw new Error(
      'The database does not show the lease of this node: do DATABASE_URL and DATABASE_DIRECT_URL lead to the same one?',
    );
  }

  /** Looks again and again while somebody waits. What cannot be seen is left to the end of the leases. */
  private async follow(): Promise<void> {
    while (this.waiters.size > 0 && this.isRunning()) {
      await this.acknowledgement.sleep(Math.min(LONGEST_POLL_MS, FIRST_POLL_MS * 2 ** this.round));
      if (!this.isRunning()) break;
      this.round += 1;
      const snapshot = await this.read().catch(() => undefined);
      if (snapshot === undefined) continue;
      for (const waiter of [...this.waiters]) waiter.look(snapshot);
    }
    this.following = undefined;
  }

  private isRunning(): boolean {
    return !this.stopped;
  }
}

function uncertain(cause: unknown): DomainError {
  return new DomainError(
    'service_unavailable',
    'It is not certain that the change is stored and holds on every node. Repeat the call.',
    { retryAfter: 1, cause },
  );
}

/** One call that waits: for the nodes that have not applied `target`, each until its lease runs out. */
class Wait {
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly target: number,
    private readonly lapsesAt: Map<string, number>,
    private readonly clock: NodeClock,
    private readonly done: () => void,
  ) {}

  /** @param snapshot Who is off its list has left, or was silent for longer than any lease. */
  look(snapshot?: NodeSnapshot): void {
    // One that does not show the change is older than it: of a standby, or of a primary that is none any more.
    const nodes = snapshot !== undefined && snapshot.last >= this.target ? snapshot.nodes : undefined;
    this.cancelTimer();
    const now = this.clock.monotonic();
    for (const [id, lapsesAt] of this.lapsesAt) {
      const confirmed =
        nodes !== undefined && !nodes.some((node) => node.id === id && node.applied < this.target);
      if (confirmed || lapsesAt <= now) this.lapsesAt.delete(id);
    }
    if (this.lapsesAt.size === 0) {
      this.done();
      return;
    }
    this.cancelTimer = this.clock.after(Math.max(...this.lapsesAt.values()) - now, () => {
      this.look();
    });
  }
}
