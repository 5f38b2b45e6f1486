import type { NodeClock } from '../../../src/modules/freshness/application/ports.js';

/** A clock that stands still until a test lets time pass, and then calls back at the moment for which that was asked. */
export class ManualClock implements NodeClock {
  private now = 0;
  private readonly timers = new Set<{ at: number; callback: () => void }>();

  /** Timers that have not gone off. */
  get pending(): number {
    return this.timers.size;
  }

  monotonic(): number {
    return this.now;
  }

  wall(): number {
    return this.now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.now + ms, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Resolves when everything has been done that there is to do meanwhile. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await turn();
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.timers.delete(next);
      this.now = next.at;
      next.callback();
      await turn();
    }
    this.now = end;
  }
}

/** Whatever waits for nothing but promises has been done when it resolves. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
