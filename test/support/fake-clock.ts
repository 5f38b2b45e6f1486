import { Clock, SystemClock } from '../../src/shared/clock.js';

/** A clock that stands still until it is told to move. */
export class FakeClock extends Clock {
  private passed = 0;

  constructor(private readonly start = new Date()) {
    super();
  }

  epochMs(): number {
    return this.start.getTime() + this.passed;
  }

  monotonic(): number {
    return this.passed;
  }

  advance(milliseconds: number): void {
    this.passed += milliseconds;
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
