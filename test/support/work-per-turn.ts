/**
 * Counts how much of some work is done between two turns of the event loop, which is how long others wait, whatever
 * else the machine does.
 */
export class WorkPerTurn {
  private inThisTurn = 0;
  private next: NodeJS.Immediate | undefined;
  /** The most that was done in one turn. */
  most = 0;
  total = 0;

  constructor() {
    this.turn();
  }

  /** Says that one piece of the work is being done. */
  count(): void {
    this.inThisTurn += 1;
    this.total += 1;
    this.most = Math.max(this.most, this.inThisTurn);
  }

  stop(): void {
    clearImmediate(this.next);
  }

  private turn(): void {
    this.inThisTurn = 0;
    this.next = setImmediate(() => {
      this.turn();
    });
  }
}
