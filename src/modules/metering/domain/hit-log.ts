/**
 * Spans of hits that are told apart in one log. NEVER CHANGE IT ALONE: the stores' scripts and functions hold the
 * same number.
 */
export const MAX_SPANS = 64;

/** Hits that are held as if all of them had come at `last`. */
interface Span {
  readonly first: number;
  last: number;
  units: number;
}

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
  /** Oldest first; no two overlap. */
  private spans: Span[] = [];
  private units = 0;

  /** Forgets the hits that have left the window. Comes before everything else at this time. */
  advance(now: number, window: number): void {
    const ahead = this.lastHitAt - now;
    if (ahead > 0) {
      this.spans = this.spans.map(({ first, last, units }) => ({
        first: first - ahead,
        last: last - ahead,
        units,
      }));
    }
    let left = 0;
    for (const span of this.spans) {
      if (span.last > now - window) break;
      this.units -= span.units;
      left++;
    }
    if (left > 0) this.spans.splice(0, left);
  }

  /** Units in the window. */
  get used(): number {
    return this.units;
  }

  /** When the latest hit came; minus infinity for none. */
  get lastHitAt(): number {
    return this.spans.at(-1)?.last ?? -Infinity;
  }

  add(now: number, units: number): void {
    this.units += units;
    const newest = this.spans.at(-1);
    if (newest?.last === now) {
      newest.units += units;
      return;
    }
    this.spans.push({ first: now, last: now, units });
    if (this.spans.length > MAX_SPANS) this.joinClosest();
  }

  /** Takes back units that were added at a time; what has left the window meanwhile stays so. */
  refund(at: number, units: number): void {
    const index = this.spans.findIndex((span) => at >= span.first && at <= span.last);
    const span = this.spans[index];
    if (span === undefined) return;
    const taken = Math.min(units, span.units);
    span.units -= taken;
    this.units -= taken;
    if (span.units === 0) this.spans.splice(index, 1);
  }

  /** When `excess` units, or the oldest ones when it is not positive, will have left the window. */
  freeAt(excess: number, window: number): number {
    let freed = 0;
    for (const span of this.spans) {
      freed += span.units;
      if (freed >= excess) return span.last + window;
    }
    return -Infinity;
  }

  private joinClosest(): void {
    let closest = 0;
    let shortest = Infinity;
    for (let i = 0; i + 1 < this.spans.length; i++) {
      const span = spanAt(this.spans, i + 1).last - spanAt(this.spans, i).first;
      if (span < shortest) {
        shortest = span;
        closest = i;
      }
    }
    const earlier = spanAt(this.spans, closest);
    const later = spanAt(this.spans, closest + 1);
    this.spans.splice(closest, 2, {
      first: earlier.first,
      last: later.last,
      units: earlier.units + later.units,
    });
  }
}

function spanAt(spans: readonly Span[], index: number): Span {
  const span = spans[index];
  if (span === undefined) throw new RangeError('no such span');
  return span;
}
