/** Where the time comes from: the tests bring their own. */
export abstract class Clock {
  /** Milliseconds since 1970; they may have a fraction. */
  abstract epochMs(): number;

  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  abstract monotonic(): number;

  /** Whether it can have missed no time. When it may have, what is judged by it is to be asked of the database. */
  isCertain(): boolean {
    return true;
  }

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
