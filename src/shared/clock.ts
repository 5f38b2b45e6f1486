/** Where the time comes from: the tests bring their own. */
export abstract class Clock {
  /** Milliseconds since 1970; they may have a fraction. */
  abstract epochMs(): number;

  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  abstract monotonic(): number;

  now(): Date {
    return new Date(this.epochMs());
  }
}

/** The clocks of this machine. */
export class SystemClock extends Clock {
  epochMs(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }
}
