import { DomainError } from '../../../shared/domain-error.js';
import type { AppliedChanges } from './applied-changes.js';
import type { FreshnessNode } from './freshness-node.js';
import type { NodeClock } from './ports.js';

/** Reads of a server that shows less than it must, before nothing is believed any more. */
const ATTEMPTS = 3;

/** What was read, and the last change that its snapshot shows. */
export interface Dated<T> {
  readonly value: T;
  readonly asOf: number;
}

export interface FencedReadsParts {
  node: Pick<FreshnessNode, 'held' | 'nextLease' | 'failingFor'>;
  applied: Pick<AppliedChanges, 'last'>;
  clock: Pick<NodeClock, 'monotonic'>;
  /** Milliseconds that a read waits for a lease, less those for which its renewals have been failing already. */
  waitMs: number;
}

/**
 * Reads of the database that count only under a lease, and only when they show every change that this node has
 * applied. A server may answer that knows less: a standby that lags, or an old primary that can commit nothing and does
 * not know it. Under the lease this node has applied every change that was answered before, so what shows as much shows
 * them all.
 */
export class FencedReads {
  constructor(private readonly parts: FencedReadsParts) {}

  /**
   * Returns what sees every change that was answered before the call. `query` is told the number that it has to show,
   * so that it can let go of a connection that shows less. Throws `service_unavailable` when there is no lease, or the
   * database goes on showing less.
   */
  async read<T>(query: (atLeast: number) => Promise<Dated<T>>): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      await this.untilHeld();
      const { last } = this.parts.applied;
      const { value, asOf } = await query(last);
      if (asOf >= last) return value;
    }
    throw unavailable('The database answers with an older state than this node has seen.');
  }

  private async untilHeld(): Promise<void> {
    const { node, clock, waitMs } = this.parts;
    const deadline = clock.monotonic() + waitMs - node.failingFor();
    while (!node.held()) {
      const left = deadline - clock.monotonic();
      if (left <= 0)
        throw unavailable('This node has no lease: it is not certain that the database is the primary.');
      await node.nextLease(left);
    }
  }
}

function unavailable(reason: string): DomainError {
  return new DomainError('service_unavailable', 'Try again in a moment.', {
    retryAfter: 1,
    cause: new Error(reason),
  });
}
