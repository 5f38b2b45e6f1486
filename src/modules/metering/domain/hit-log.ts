/**
 * Spans of hits that are told apart in one log. NEVER CHANGE IT ALONE: the stores' scripts and functions hold the
 * same number.
 */
export const MAX_SPANS = 64;

/** Numbers of a span: when the first and the last of its hits came, and their units. They are held as if all had come at the last. */
const FIELDS = 3;
const [FIRST, LAST, UNITS] = [0, 1, 2];

/** Spans that a new log has room for. */
const FEW_SPANS = 4;

/**
 * The hits of one limit, in a sliding window: exact, in bounded memory.
 *
 * Up to MAX_SPANS hits at different times are told apart, and the log is exact. One more joins the two neighbours
 * that lie closest together. The hits of a span are held until its last one leaves the window, so the log never
 * forgets a hit too early: no window ever holds more than the limit. A span is shorter than a 1/32 of the window
 * (64 live spans make 32 pairs of neighbours within one window, and the shortest pair is joined), so no hit is held
 * longer than that beyond its time.
 *
 * Times are microseconds of one clock. A clock that went back is taken to have stood still since the last hit.
 */
export class HitLog {
  /**
   * The oldest span first; no two overlap. In one array of numbers: an object for each span would be millions of them, which
   * cost the garbage collector more than all the counting.
   */
  private spans = new Float64Array(FEW_SPANS * FIELDS);
  private count = 0;
  private units = 0;

  /** Forgets the hits that have left the window. Comes before everything else at this time. */
  advance(now: number, window: number): void {
    const ahead = this.lastHitAt - now;
    if (ahead > 0) {
      for (let i = 0; i < this.count; i++) {
        this.set(i, FIRST, this.get(i, FIRST) - ahead);
        this.set(i, LAST, this.get(i, LAST) - ahead);
      }
    }
    let left = 0;
    for (; left < this.count && this.get(left, LAST) <= now - window; left++) {
      this.units -= this.get(left, UNITS);
    }
    if (left > 0) this.remove(0, left);
  }

  /** Units in the window. */
  get used(): number {
    return this.units;
  }

  /** When the latest hit came; minus infinity for none. */
  get lastHitAt(): number {
    return this.count === 0 ? -Infinity : this.get(this.count - 1, LAST);
  }

  add(now: number, units: number): void {
    this.units += units;
    if (this.lastHitAt === now) {
      this.set(this.count - 1, UNITS, this.get(this.count - 1, UNITS) + units);
      return;
    }
    if (this.spans.length === this.count * FIELDS) this.makeRoom();
    this.count += 1;
    this.set(this.count - 1, FIRST, now);
    this.set(this.count - 1, LAST, now);
    this.set(this.count - 1, UNITS, units);
    if (this.count > MAX_SPANS) this.joinClosest();
  }

  /** Takes back units that were added at a time; what has left the window meanwhile stays so. */
  refund(at: number, units: number): void {
    for (let i = 0; i < this.count; i++) {
      if (at < this.get(i, FIRST) || at > this.get(i, LAST)) continue;
      const taken = Math.min(units, this.get(i, UNITS));
      this.set(i, UNITS, this.get(i, UNITS) - taken);
      this.units -= taken;
      if (this.get(i, UNITS) === 0) this.remove(i, 1);
      return;
    }
  }

  /** When `excess` units, or the oldest ones when it is not positive, will have left the window. */
  freeAt(excess: number, window: number): number {
    let freed = 0;
    for (let i = 0; i < this.count; i++) {
      freed += this.get(i, UNITS);
      if (freed >= excess) return this.get(i, LAST) + window;
    }
    return -Infinity;
  }

  private joinClosest(): void {
    let closest = 0;
    let shortest = Infinity;
    for (let i = 0; i + 1 < this.count; i++) {
      const span = this.get(i + 1, LAST) - this.get(i, FIRST);
      if (span < shortest) {
        shortest = span;
        closest = i;
      }
    }
    this.set(closest, LAST, this.get(closest + 1, LAST));
    this.set(closest, UNITS, this.get(closest, UNITS) + this.get(closest + 1, UNITS));
    this.remove(closest + 1, 1);
  }

  private remove(from: number, spans: number): void {
    this.spans.copyWithin(from * FIELDS, (from + spans) * FIELDS, this.count * FIELDS);
    this.count -= spans;
  }

  private makeRoom(): void {
    const spans = new Float64Array(Math.min(2 * this.spans.length, (MAX_SPANS + 1) * FIELDS));
    spans.set(this.spans);
    this.spans = spans;
  }

  private get(span: number, field: number): number {
    const value = this.spans[span * FIELDS + field];
    if (value === undefined) throw new RangeError('no such span');
    return value;
  }

  private set(span: number, field: number, value: number): void {
    this.spans[span * FIELDS + field] = value;
  }
}
