/** A call that changes something, by the checker's monotonic clock in milliseconds. */
export interface Write<T> {
  readonly value: T;
  readonly began: number;
  /** Infinity until it is acknowledged, and for good when its outcome is unknown: it may still happen at any time. */
  ended: number;
}

/**
 * One thing that calls change and others look at. It says whether what somebody saw can be explained: a value can be
 * seen from the beginning of the call that wrote it until another one, begun after that had ended, has ended. Which
 * of two calls at the same time came first, and whether an unanswered one happened at all, nobody can tell.
 */
export class Register<T> {
  private readonly writes: Write<T>[];

  constructor(initial: T) {
    this.writes = [{ value: initial, began: -Infinity, ended: -Infinity }];
  }

  /** To be called before the call is sent. */
  begin(value: T, began: number): Write<T> {
    const write = { value, began, ended: Infinity };
    this.writes.push(write);
    return write;
  }

  /** The call was refused: it has changed nothing. */
  undo(write: Write<T>): void {
    this.writes.splice(this.writes.indexOf(write), 1);
  }

  /** Whether a look from `began` to `ended` can have met a value of this kind. */
  mayHaveBeen(fits: (value: T) => boolean, began: number, ended: number): boolean {
    return this.writes.some(
      (write) =>
        fits(write.value) &&
        write.began < ended &&
        !this.writes.some((later) => later !== write && later.began >= write.ended && later.ended < began),
    );
  }
}
