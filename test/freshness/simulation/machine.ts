import type { NodeClock } from '../../../src/modules/freshness/application/ports.js';
import type { Random } from '../../support/random.js';
import type { Scheduler } from './scheduler.js';

/**
 * No timer is finer (Node's are a millisecond). A shorter one would end at the moment at which it began, once the sum is
 * rounded, and whoever waits for a moment that is nearer than that would wait again and again while time stands still.
 */
const FINEST_TIMER_MS = 0.001;

/** An operating system's process with its clocks. It can be stopped, put to sleep with its machine, and killed. */
export class Machine implements NodeClock {
  dead = false;
  private stopped = false;
  private asleepSince: number | undefined;
  private slept = 0;
  private wallStep = 0;
  private backlog: (() => void)[] = [];
  private readonly rate: number;
  private readonly epoch: number;

  constructor(
    private readonly scheduler: Scheduler,
    random: Random,
    clockRateError: number,
  ) {
    this.rate = random.chance(0.5)
      ? 1 + clockRateError * random.pick([-1, 1])
      : 1 + random.between(-clockRateError, clockRateError);
    this.epoch = random.between(0, 1e6);
  }

  monotonic(): number {
    return this.epoch + (this.awake() - this.slept) * this.rate;
  }

  wall(): number {
    return this.epoch + 1.7e12 + this.scheduler.now * this.rate + this.wallStep;
  }

  after(ms: number, callback: () => void): () => void {
    let isCancelled = false;
    const callOff = this.scheduler.after(Math.max(ms / this.rate, FINEST_TIMER_MS), () => {
      this.deliver(() => {
        if (!isCancelled) callback();
      });
    });
    return () => {
      isCancelled = true;
      callOff();
    };
  }

  /** Something arrives at the process: it is taken up as soon as the process runs. */
  deliver(callback: () => void): void {
    if (this.dead) return;
    if (this.stopped) this.backlog.push(callback);
    else callback();
  }

  /** SIGSTOP: time goes on. */
  stop(): void {
    this.stopped = true;
  }

  /** The whole machine sleeps: its monotonic clock stands still. */
  sleep(): void {
    this.stopped = true;
    this.asleepSince ??= this.scheduler.now;
  }

  resume(): void {
    if (this.asleepSince !== undefined) this.slept += this.scheduler.now - this.asleepSince;
    this.asleepSince = undefined;
    this.stopped = false;
    const { backlog } = this;
    this.backlog = [];
    // Each on its own, as an event loop would.
    for (const callback of backlog) {
      this.scheduler.after(0, () => {
        this.deliver(callback);
      });
    }
  }

  kill(): void {
    this.dead = true;
    this.backlog = [];
  }

  get running(): boolean {
    return !this.dead && !this.stopped;
  }

  setWallClock(byMs: number): void {
    this.wallStep += byMs;
  }

  private awake(): number {
    return this.asleepSince ?? this.scheduler.now;
  }
}
