interface Hit {
  at: number;
  units: number;
}

/** The model: every hit, for good. What a window holds is counted, not kept. */
export class ExactLog {
  private readonly hits: Hit[] = [];

  add(at: number, units: number): void {
    this.hits.push({ at, units });
  }

  remove(at: number, units: number): void {
    const hit = this.hits.find((candidate) => candidate.at === at);
    if (hit !== undefined) hit.units -= units;
  }

  /** Units in the window of this length that ends at a time; a hit exactly as old as the window has left it. */
  usedAt(time: number, window: number): number {
    return sum(this.hits.filter(({ at }) => at > time - window && at <= time));
  }

  /** The most that any window of this length holds: one that ends at a hit does. */
  maxUsed(window: number): number {
    return Math.max(0, ...this.hits.map(({ at }) => this.usedAt(at, window)));
  }
}

function sum(hits: readonly Hit[]): number {
  return hits.reduce((total, { units }) => total + units, 0);
}
