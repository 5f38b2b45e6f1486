import { isIP } from 'node:net';
import type { ServiceKeyUse } from '../../verification/index.js';
import { noCounts, type Counts } from '../domain/counts.js';

const HOUR_MS = 3600_000;

/** Counters at a time, at most: about 400 bytes each. */
const MAX_COUNTERS = 250_000;

export interface LastUse {
  /** In milliseconds since 1970; 0 when it was not used. */
  lastUsedAt: number;
  /** As somebody has told; undefined when nobody has. */
  lastUsedFrom: string | undefined;
}

/** What was noted of one key in one hour. */
export interface UsageCounter extends LastUse {
  readonly keyId: string;
  /** Null for a service key of the platform, which is not verified for anybody. */
  readonly applicationId: string | null;
  /** Hours since 1970. */
  readonly hour: number;
  readonly counts: Counts;
  /** The last uses of secrets that have been replaced and still work; of the others nobody asks. */
  replacedSecrets: Map<string, LastUse> | undefined;
  /** Of the same key in another hour, before. */
  readonly before: UsageCounter | undefined;
}

/** Whose usage it is. */
type CountedKey = Pick<ServiceKeyUse, 'keyId' | 'applicationId' | 'counterMemo'>;

/**
 * Counts in memory what has not been written yet. A verification costs an addition, as its record remembers the counter.
 * Something is looked up and made only for the first one of a key after a flush, and when an hour begins.
 */
export class UsageCounters {
  /** The latest one of each key. */
  private latest = new Map<string, UsageCounter>();
  #size = 0;

  constructor(private readonly max = MAX_COUNTERS) {}

  get size(): number {
    return this.#size;
  }

  /**
   * The counter of a key for the hour; undefined when it would be one too many.
   *
   * @param at in milliseconds since 1970
   */
  of(key: CountedKey, at: number): UsageCounter | undefined {
    const hour = Math.floor(at / HOUR_MS);
    const memo = key.counterMemo;
    if (memo?.table === this.latest) {
      const counter = memo.counter as UsageCounter;
      if (counter.hour === hour) return counter;
    }
    const counter = this.find(key, hour);
    if (memo !== undefined && counter !== undefined) {
      memo.counter = counter;
      memo.table = this.latest;
    }
    return counter;
  }

  private find({ keyId, applicationId }: CountedKey, hour: number): UsageCounter | undefined {
    const before = this.latest.get(keyId);
    // The clock may have been put back, into an hour that has a counter.
    for (let counter = before; counter !== undefined; counter = counter.before) {
      if (counter.hour === hour) return counter;
    }
    if (this.#size >= this.max) return undefined;
    this.#size += 1;
    const counter = {
      keyId,
      applicationId,
      hour,
      counts: noCounts(),
      lastUsedAt: 0,
      lastUsedFrom: undefined,
      replacedSecrets: undefined,
      before,
    };
    this.latest.set(keyId, counter);
    return counter;
  }

  /** Hands over all counters, no two of one key and hour, and begins anew. */
  take(): UsageCounter[] {
    const taken: UsageCounter[] = [];
    for (const latest of this.latest.values()) {
      for (let counter: UsageCounter | undefined = latest; counter !== undefined; counter = counter.before) {
        taken.push(counter);
      }
    }
    this.latest = new Map();
    this.#size = 0;
    return taken;
  }
}

/** @param from what the key was used from, as somebody has told; undefined when nobody has */
export function noteUse(use: LastUse, from: string | undefined, at: number): void {
  if (at < use.lastUsedAt) return;
  use.lastUsedAt = at;
  use.lastUsedFrom = from;
}

/** The same of a secret that has been replaced. */
export function noteReplacedSecret(
  counter: UsageCounter,
  secretId: string,
  from: string | undefined,
  at: number,
): void {
  counter.replacedSecrets ??= new Map();
  let use = counter.replacedSecrets.get(secretId);
  if (use === undefined) {
    use = { lastUsedAt: 0, lastUsedFrom: undefined };
    counter.replacedSecrets.set(secretId, use);
  }
  noteUse(use, from, at);
}

/** The beginning of an hour, in hours since 1970, as RFC 3339 has it. */
export function startOf(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString();
}

/** What a service says of the address of its own client need not be one; null then, and when it said nothing. */
export function addressOf({ lastUsedFrom }: LastUse): string | null {
  return lastUsedFrom !== undefined && isIP(lastUsedFrom) !== 0 && !lastUsedFrom.includes('%')
    ? lastUsedFrom
    : null;
}
