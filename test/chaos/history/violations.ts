export interface Violation {
  /** Milliseconds since the run began. */
  at: number;
  what: string;
  /** What is known of the key or the call, line by line. */
  story: readonly string[];
}

/** Beyond these a run says nothing new. */
const MOST = 200;

/** What was seen that no order of the calls explains. */
export class Violations {
  readonly found: Violation[] = [];
  count = 0;
  onFirst: () => void = () => undefined;

  constructor(private readonly now: () => number) {}

  add(what: string, story: readonly string[] = []): void {
    this.count += 1;
    if (this.count === 1) this.onFirst();
    if (this.found.length < MOST) this.found.push({ at: this.now(), what, story });
  }
}
