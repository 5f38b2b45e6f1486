import { DomainError } from '../../../shared/domain-error.js';
import type { NodeRow, NodeWatch } from '../domain/node-watch.js';
import type { NodeClock, NodeTable } from './ports.js';
import { SharedRead } from './shared-read.js';
import { WakeUp } from './wake-up.js';

/** Pauses between looks at the nodes when no acknowledgement is heard: doubled from the first to the longest. */
const FIRST_POLL_MS = 5;
const LONGEST_POLL_MS = 25;

interface Snapshot {
  last: number;
  nodes: NodeRow[];
}

/** Waits until what has been committed holds on every node. */
export class Settlement {
  /** One look at a time, shared by all who wait, and each begun after the one before it has ended. */
  private readonly looks: SharedRead<Snapshot>;
  private readonly acknowledgement: WakeUp;
  private readonly waiters = new Set<Waiter>();
  private following: Promise<void> | undefined;
  private stopped = false;
  private round = 0;

  constructor(
    nodes: NodeTable,
    private readonly watch: NodeWatch,
    private readonly clock: NodeClock,
  ) {
    this.acknowledgement = new WakeUp(clock);
    this.looks = new SharedRead(async () => {
      const snapshot = await nodes.read();
      watch.note(snapshot.nodes, clock.monotonic());
      return snapshot;
    });
  }

  /**
   * To be called after the commit. When it resolves, no node answers from a cache that has not seen every change
   * committed before the call: each has said so, or the lease it held has run out.
   *
   * It takes one look at the nodes, after the commit. A lease that is not in it cannot matter: it will be
   * committed before its changes are read, so that they include ours. The leases that are in it run out, and
   * then it is over, even if the database has gone away since: it never waits longer than the longest of them.
   *
   * Throws `service_unavailable` when it cannot look. The change is committed then, but nothing is promised of
   * it; the call may be repeated, and has to wait as the first did.
   */
  async settle(): Promise<void> {
    const { last, nodes } = await this.firstLook();
    const missing = nodes.filter((node) => node.applied < last);
    if (missing.length === 0) return;
    await new Promise<void>((resolve) => {
      const leases = missing.map(({ id }) => [id, this.watch.lapsesAt(id)] as const);
      const waiter = new Waiter(last, new Map(leases), this.clock, () => {
        this.waiters.delete(waiter);
        resolve();
      });
      this.waiters.add(waiter);
      waiter.look();
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

  private async firstLook(): Promise<Snapshot> {
    try {
      return await this.looks.ask();
    } catch (cause) {
      throw new DomainError(
        'service_unavailable',
        'The change is stored, but it is not certain yet that it holds on every node. Repeat the call.',
        { retryAfter: 1, cause },
      );
    }
  }

  /** Looks again and again while somebody waits. What cannot be seen is left to the end of the leases. */
  private async follow(): Promise<void> {
    while (this.waiters.size > 0 && this.isRunning()) {
      await this.acknowledgement.sleep(Math.min(LONGEST_POLL_MS, FIRST_POLL_MS * 2 ** this.round));
      if (!this.isRunning()) break;
      this.round += 1;
      const nodes = await this.looks.ask().then(
        (snapshot) => snapshot.nodes,
        () => undefined,
      );
      if (nodes === undefined) continue;
      for (const waiter of [...this.waiters]) waiter.look(nodes);
    }
    this.following = undefined;
  }

  private isRunning(): boolean {
    return !this.stopped;
  }
}

/** One call that waits: for the nodes that have not applied `target`, each until its lease runs out. */
class Waiter {
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly target: number,
    private readonly lapsesAt: Map<string, number>,
    private readonly clock: NodeClock,
    private readonly done: () => void,
  ) {}

  /** @param nodes Those on the list now: who is off it has left, or was silent for longer than any lease. */
  look(nodes?: readonly NodeRow[]): void {
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
