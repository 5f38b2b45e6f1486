/** A verification of a key with a limit, which may have been counted at any moment from its beginning to its end. */
interface Hit {
  began: number;
  /** Infinity when it was not answered: it may be counted later. */
  ended: number;
  /** Whether it is certain that it was counted. */
  certain: boolean;
}

/** What two clocks may differ by over a window, in milliseconds. */
const SLACK_MS = 20;

/** Judges a limit: never more than so many in any window of its length, and no refusal without a reason. */
export class Hits {
  private readonly hits: Hit[] = [];

  constructor(
    private readonly limit: number,
    private readonly windowMs: number,
  ) {}

  begin(began: number): Hit {
    const hit = { began, ended: Infinity, certain: false };
    this.hits.push(hit);
    return hit;
  }

  /**
   * Why this verification cannot have been let pass; undefined when it can.
   *
   * @param lostAt what was counted before may have been forgotten: a crash of PostgreSQL empties unlogged tables
   */
  granted(hit: Hit, ended: number, lostAt: number): string | undefined {
    hit.ended = ended;
    hit.certain = true;
    for (const other of this.hits) if (other.began < lostAt) other.certain = false;
    // Each set of certain hits that lies in one window, and has this one in it, begins with one of them.
    for (const first of this.hits) {
      if (!first.certain || first.began > hit.began) continue;
      const end = first.began + this.windowMs - SLACK_MS;
      const within = this.hits.filter(
        (other) => other.certain && other.began >= first.began && other.ended < end,
      );
      if (within.length > this.limit && within.includes(hit))
        return `it is number ${within.length} of ${this.limit} within ${this.windowMs} ms`;
    }
    return undefined;
  }

  /** Why it cannot have been refused; undefined when it can. A refusal counts nothing. */
  refused(hit: Hit, ended: number): string | undefined {
    this.hits.splice(this.hits.indexOf(hit), 1);
    const counted = this.hits.filter(
      (other) => other.began < ended && other.ended > hit.began - this.windowMs - SLACK_MS,
    );
    if (counted.length >= this.limit) return undefined;
    return `at most ${counted.length} of ${this.limit} can have been counted in its window`;
  }
}

export type { Hit };
