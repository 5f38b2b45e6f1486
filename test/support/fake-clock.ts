import { Clock, SystemClock } from '../../src/shared/clock.js';

/** A clock that stands still until it is told to move. */
export class FakeClock extends Clock {
  private passed = 0;
  private slept = 0;

  constructor(private readonly start = new Date()) {
    super();
  }

  epochMs(): number {
    return this.start.getTime() + this.passed + this.slept;
  }

  monotonic(): number {
    return this.passed;
  }

  advance(milliseconds: number): void {
    this.passed += milliseconds;
  }

  /** Lets time pass that only a wall clock counts. */
  sleep(milliseconds: number): void {
    this.slept += milliseconds;
  }
}

/** The clocks of a machine whose wall clock is so many milliseconds ahead. */
export class SetClock extends SystemClock {
  constructor(private readonly ahead: number) {
    super();
  }

  override epochMs(): number {
    return super.epochMs() + this.ahead;
  }
}

/** The clocks of a machine that may have slept: its monotonic clock stood still meanwhile, its wall clock did not. */
export class SleepingClock extends SystemClock {
  private slept = 0;

  override monotonic(): number {
    return super.monotonic() - this.slept;
  }

  /** Nothing runs in this process for so long. */
  sleep(milliseconds: number): void {
    const before = super.monotonic();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    this.slept += super.monotonic() - before;
  }
}
