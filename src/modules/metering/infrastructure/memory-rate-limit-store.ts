import { RateLimitStore } from '../domain/rate-limit-store.js';
import type { RateLimitRun, RunOutcome } from '../domain/rate-limit-store.js';
import type { CountedLimit, LimitSet } from '../domain/rate-limit.js';
import { HitLog } from '../domain/hit-log.js';

interface Entry {
  readonly applicationId: string;
  readonly log: HitLog;
  /** When nothing of it counts any more. */
  expiresAt: number;
}

/** Entries that are looked at for each one that is made, to drop those that count for nothing. */
const SWEPT = 4;
/** The same when there is no room. */
const SWEPT_WHEN_FULL = 256;
/** Applications that are looked at when there is no room, to find one that has more than its part. */
const COMPARED_WHEN_FULL = 64;

/**
 * Counts in this process alone: exact for one node, and n times the limit for n nodes.
 *
 * A log is dropped when nothing in it counts any more. With `maxEntries` logs that still count there is room for another
 * one only at the cost of an application that has more of them: no application can take what another one needs. Where
 * none has more, taking fails, as if the store were away, rather than forget in silence.
 */
export class MemoryRateLimitStore extends RateLimitStore {
  private readonly entries = new Map<string, Entry>();
  private hand = this.entries.entries();
  /** The names of each application's entries, the oldest first. */
  private readonly byApplication = new Map<string, Set<string>>();
  private applicationHand = this.byApplication.entries();

  constructor(
    /** Microseconds on a clock that never goes back. */
    private readonly now: () => number,
    /** Limits that are counted at a time; one takes up to 2 kB. */
    private readonly maxEntries: number,
  ) {
    super();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a failure must reject, not throw
  async take(runs: readonly RateLimitRun[]): Promise<RunOutcome[]> {
    return runs.map((run) => this.takeRun(run));
  }

  override takeNow(set: LimitSet): RunOutcome {
    return this.takeRun({ set, times: 1 });
  }

  refund(set: LimitSet, at: number): Promise<void> {
    for (const limit of set.limits) this.entries.get(limit.id)?.log.refund(at, limit.cost);
    return Promise.resolve();
  }

  private takeRun({ set, times }: RateLimitRun): RunOutcome {
    const at = this.now();
    const logs: HitLog[] = [];
    let granted = times;
    for (const limit of set.limits) {
      const { log } = this.entryOf(set.applicationId, limit, at);
      log.advance(at, micros(limit));
      granted = Math.min(granted, Math.max(0, Math.floor((limit.limit - log.used) / limit.cost)));
      logs.push(log);
    }
    const uses = logs.map((log, index) => {
      const limit = limitAt(set, index);
      if (granted > 0) log.add(at, granted * limit.cost);
      const { used } = log;
      const freeAt = log.freeAt(used + limit.cost - limit.limit, micros(limit));
      return { used, freeInMicros: Math.max(0, freeAt - at) };
    });
    return { granted, at, uses };
  }

  private entryOf(applicationId: string, limit: CountedLimit, at: number): Entry {
    const name = limit.id;
    const expiresAt = at + micros(limit);
    const known = this.entries.get(name);
    if (known !== undefined) {
      // Now, not when it has counted: making the next limit's entry must not drop this one.
      known.expiresAt = expiresAt;
      return known;
    }
    this.sweep(at, SWEPT);
    if (this.entries.size >= this.maxEntries) this.sweep(at, SWEPT_WHEN_FULL);
    if (this.entries.size >= this.maxEntries && !this.takeFromLarger(applicationId)) {
      throw new Error(`as many rate limits are being counted as the memory is to hold (${this.maxEntries})`);
    }
    const entry = { applicationId, log: new HitLog(), expiresAt };
    this.entries.set(name, entry);
    const names = this.byApplication.get(applicationId);
    if (names === undefined) this.byApplication.set(applicationId, new Set([name]));
    else names.add(name);
    return entry;
  }

  private drop(name: string, { applicationId }: Entry): void {
    this.entries.delete(name);
    const names = this.byApplication.get(applicationId);
    names?.delete(name);
    if (names?.size === 0) this.byApplication.delete(applicationId);
  }

  /** Drops the oldest entry of an application that has more of them than another one will have. Returns whether it did. */
  private takeFromLarger(applicationId: string): boolean {
    let largest = new Set<string>();
    for (let i = 0; i < COMPARED_WHEN_FULL; i++) {
      const next = this.applicationHand.next();
      if (next.done === true) this.applicationHand = this.byApplication.entries();
      else if (next.value[1].size > largest.size) largest = next.value[1];
    }
    const own = this.byApplication.get(applicationId)?.size ?? 0;
    const [oldest] = largest;
    const entry = oldest === undefined ? undefined : this.entries.get(oldest);
    if (oldest === undefined || entry === undefined || largest.size <= own + 1) return false;
    this.drop(oldest, entry);
    return true;
  }

  /** Goes round all entries, a few for each new one: so the dead never outnumber the living for long. */
  private sweep(at: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const next = this.hand.next();
      if (next.done === true) {
        this.hand = this.entries.entries();
        return;
      }
      const [name, entry] = next.value;
      if (entry.expiresAt <= at) this.drop(name, entry);
    }
  }
}

function micros(limit: CountedLimit): number {
  return limit.windowSeconds * 1_000_000;
}

function limitAt(set: LimitSet, index: number): CountedLimit {
  const limit = set.limits[index];
  if (limit === undefined) throw new RangeError('no such limit');
  return limit;
}
