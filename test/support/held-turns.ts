import { performance, type EventLoopUtilization } from 'node:perf_hooks';

/**
 * Measures for how long single turns of the event loop hold it. What counts of a turn is the processor time that the
 * process used in it, and no more than the loop was busy: so neither the work of others on the machine nor the waiting
 * for input is held against it.
 */
export class HeldTurns {
  private next: NodeJS.Immediate | undefined;
  private cpu = process.cpuUsage();
  private loop: EventLoopUtilization = performance.eventLoopUtilization();
  private most = 0;

  constructor() {
    this.turn();
  }

  /** Milliseconds of the longest turn since this was asked last. */
  longest(): number {
    const { most } = this;
    this.most = 0;
    return most;
  }

  stop(): void {
    clearImmediate(this.next);
  }

  private turn(): void {
    const cpu = process.cpuUsage();
    const loop = performance.eventLoopUtilization();
    const worked = (cpu.user + cpu.system - this.cpu.user - this.cpu.system) / 1000;
    this.most = Math.max(this.most, Math.min(worked, loop.active - this.loop.active));
    this.cpu = cpu;
    this.loop = loop;
    this.next = setImmediate(() => {
      this.turn();
    });
  }
}
