import type { NodeClock } from './ports.js';

/** A sleep that can be cut short. */
export class WakeUp {
  private readonly sleepers = new Set<() => void>();

  constructor(private readonly clock: NodeClock) {}

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.sleepers.delete(wake);
        cancel();
        resolve();
      };
      const cancel = this.clock.after(Math.max(0, ms), wake);
      this.sleepers.add(wake);
    });
  }

  /** Ends every sleep that has begun. */
  all(): void {
    for (const wake of [...this.sleepers]) wake();
  }
}
