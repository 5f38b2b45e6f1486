import { Clock } from '../../src/shared/clock.js';

/** A clock that stands still until it is told to move. */
export class FakeClock extends Clock {
  private passed = 0;

  constructor(private readonly start = new Date()) {
    super();
  }

  now(): Date {
    return new Date(this.start.getTime() + this.passed);
  }

  monotonic(): number {
    return this.passed;
  }

  advance(milliseconds: number): void {
    this.passed += milliseconds;
  }
}
