/** Where the time comes from: the tests bring their own. */
export abstract class Clock {
  /** Wall-clock time. */
  abstract now(): Date;
  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  abstract monotonic(): number;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }

  monotonic(): number {
    return performance.now();
  }
}
