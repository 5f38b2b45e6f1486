import type { NodeWatch } from '../domain/node-watch.js';
import type { NodeClock, NodeTable } from './ports.js';
import { WakeUp } from './wake-up.js';

export interface HousekeepingOptions {
  everyMs: number;
  /** A node that has not renewed for so long is taken off the list; should it come back, it registers again. */
  silentMs: number;
}

const HOUSEKEEPING: HousekeepingOptions = {
  everyMs: 10_000,
  silentMs: 60_000,
};

/** Keeps the tables of the protocol small. Every node does it; nothing depends on its being done. */
export class Housekeeping {
  private readonly wakeUp: WakeUp;
  private stopped = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly nodes: NodeTable,
    private readonly watch: NodeWatch,
    private readonly clock: NodeClock,
    private readonly options: HousekeepingOptions = HOUSEKEEPING,
  ) {
    this.wakeUp = new WakeUp(clock);
  }

  start(): void {
    this.loop = this.run();
  }

  /** Ends when the statement that is under way has, and none follows it. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wakeUp.all();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (this.isRunning()) {
      await this.wakeUp.sleep(this.options.everyMs);
      if (!this.isRunning()) return;
      try {
        await this.tidy();
      } catch {
        // The lease, on its own connection to the database, reports what is wrong with it.
      }
    }
  }

  private isRunning(): boolean {
    return !this.stopped;
  }

  private async tidy(): Promise<void> {
    for (const { id, renewal } of this.watch.silentFor(this.options.silentMs, this.clock.monotonic())) {
      await this.nodes.remove(id, renewal);
      this.watch.forget(id);
      if (!this.isRunning()) return;
    }
    await this.nodes.trim();
  }
}
