import {
  FeedUnreachable,
  type Acknowledgement,
  type ChangeFeed,
  type FeedAnswer,
  type FeedListener,
  type Renewal,
} from '../../../src/modules/freshness/application/ports.js';
import type { NodeRow } from '../../../src/modules/freshness/domain/node-watch.js';
import type { ManualClock } from './manual-clock.js';

/** A feed in memory, which notes when it was asked for what. */
export class ScriptedFeed implements ChangeFeed {
  /** The last change. */
  last = 1;
  nodes: NodeRow[] = [];
  /** What is thrown instead of answering. */
  failure: Error | undefined;
  readonly calls: string[] = [];
  readonly renewals: Renewal[] = [];
  readonly acknowledgements: Acknowledgement[] = [];
  listener!: FeedListener;
  private withheld: (() => void)[] | undefined;

  constructor(private readonly clock: ManualClock) {}

  listen(listener: FeedListener): void {
    this.listener = listener;
  }

  renew(renewal: Renewal): Promise<FeedAnswer> {
    this.renewals.push(renewal);
    return this.answer('renew', renewal.applied);
  }

  read(applied: number): Promise<FeedAnswer> {
    return this.answer('read', applied);
  }

  async acknowledge(acknowledgement: Acknowledgement): Promise<void> {
    this.acknowledgements.push(acknowledgement);
    await this.answer('acknowledge', 0);
  }

  leave(): Promise<void> {
    this.note('leave');
    return Promise.resolve();
  }

  isAway(): void {
    this.failure = new FeedUnreachable('out of reach');
  }

  /** Until `release`, what it answers does not arrive. */
  withhold(): void {
    this.withheld = [];
  }

  release(): void {
    const withheld = this.withheld ?? [];
    this.withheld = undefined;
    for (const arrive of withheld) arrive();
  }

  /** What it was asked since the last time this was called, and at which millisecond. */
  asked(): string[] {
    return this.calls.splice(0);
  }

  private async answer(what: string, applied: number): Promise<FeedAnswer> {
    this.note(what);
    const { failure, last, nodes, withheld } = this;
    if (withheld !== undefined) await new Promise<void>((resolve) => withheld.push(resolve));
    if (failure !== undefined) throw failure;
    const changes = Array.from({ length: Math.max(0, last - applied + 1) }, (_, index) => ({
      number: applied + index,
      kind: 'api_key',
      id: `key ${applied + index}`,
    }));
    return { last, nodes, changes: applied === 0 ? [] : changes };
  }

  private note(what: string): void {
    this.calls.push(`${what} at ${this.clock.monotonic()}`);
  }
}
