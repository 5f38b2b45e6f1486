import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';

/** Parties that are followed at once; the one that has been quiet longest is forgotten first. */
const MAX_PARTIES = 10_000;
/** Look-ups of one party that wait at once. */
const MAX_WAITING = 10_000;

type LookUpRefusal = 'too_many_requests' | 'service_unavailable';

/** Has to do with the party that asks, and nothing with the key. */
export class LookUpRefused extends DomainError {
  constructor(
    readonly party: string,
    code: LookUpRefusal,
    detail: string,
  ) {
    super(code, detail, { retryAfter: 1 });
  }
}

export interface LookUpLimits {
  /** Keys of one party that are looked up at a time. */
  atOnce: number;
  /** Unknown keys that one party may make the database look for in a second; `Infinity` where there can be no flood of them. */
  unknownPerSecond: number;
  /** Milliseconds that a look-up may wait for those before it. */
  waitMs: number;
  clock: Clock;
}

/**
 * Gives each party a lane of its own to the database: how many keys are looked up in it at a time, and how many that do not
 * exist in a second, is bounded. Keys that exist are not counted, and what is known costs the database nothing and does not
 * come here.
 */
export class LookUpLanes {
  private readonly lanes = new LRUCache<string, LookUpLane>({ max: MAX_PARTIES });

  constructor(private readonly limits: LookUpLimits) {}

  /** Since the start: keys that were looked up, and look-ups that were refused. */
  readonly counts = { keys: 0, refused: { too_many_requests: 0, service_unavailable: 0 } };

  of(party: string): LookUpLane {
    let lane = this.lanes.get(party);
    if (lane === undefined) {
      lane = new LookUpLane(party, this.limits, this.counts);
      this.lanes.set(party, lane);
    }
    return lane;
  }

  /** Look-ups that wait for others of their party. */
  get waiting(): number {
    return [...this.lanes.values()].reduce((sum, { waitingCount }) => sum + waitingCount, 0);
  }
}

interface Waiter {
  readonly keys: number;
  begin(): void;
  fail(error: LookUpRefused): void;
}

/**
 * The look-ups of one party. Whether a key exists is known only when its look-up has ended, so those under way
 * count as if none existed; who might be one too many then waits for them, and is refused only when enough have been
 * found not to exist.
 *
 * So `unknown + underWay <= unknownPerSecond` always, and no more than that begin in a second without finding a key. A
 * batch that finds nobody under way may begin whatever its size: beyond the bounds by less than one batch.
 */
class LookUpLane {
  private second = -1;
  /** Keys found not to exist in this second. */
  private unknown = 0;
  private underWay = 0;
  /** In the order of arrival. While anybody waits, a look-up is running, whose `release` lets them begin. */
  private readonly waiting = new Set<Waiter>();

  constructor(
    private readonly party: string,
    private readonly limits: LookUpLimits,
    private readonly counts: LookUpLanes['counts'],
  ) {}

  get waitingCount(): number {
    return this.waiting.size;
  }

  /**
   * Begins the look-up of so many keys if it need not wait, and returns whether it did; then `release` has to follow. Throws
   * `too_many_requests`.
   */
  tryAcquire(keys: number): boolean {
    this.count(0);
    if (this.isSpent) throw this.tooMany();
    if (this.waiting.size > 0 || !this.hasRoomFor(keys)) return false;
    this.underWay += keys;
    return true;
  }

  /**
   * Waits until the look-ups before have ended, after `tryAcquire` has returned false. Throws `too_many_requests`, and
   * `service_unavailable` when that takes too long.
   */
  async acquire(keys: number): Promise<void> {
    if (this.waiting.size >= MAX_WAITING) throw this.tooBusy();
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        this.waiting.delete(waiter);
        reject(this.tooBusy());
      }, this.limits.waitMs);
      const waiter: Waiter = {
        keys,
        begin: () => {
          clearTimeout(late);
          resolve();
        },
        fail: (error) => {
          clearTimeout(late);
          reject(error);
        },
      };
      this.waiting.add(waiter);
    });
  }

  /** @param unknown How many of them do not exist; 0 when the look-up has failed. */
  release(keys: number, unknown: number): void {
    this.underWay -= keys;
    this.counts.keys += keys;
    this.count(unknown);
    for (const waiter of this.waiting) {
      if (!this.isSpent && !this.hasRoomFor(waiter.keys)) return;
      this.waiting.delete(waiter);
      if (this.isSpent) {
        waiter.fail(this.tooMany());
      } else {
        this.underWay += waiter.keys;
        waiter.begin();
      }
    }
  }

  private count(unknown: number): void {
    const second = Math.floor(this.limits.clock.monotonic() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.unknown = 0;
    }
    this.unknown += unknown;
  }

  private get isSpent(): boolean {
    return this.unknown >= this.limits.unknownPerSecond;
  }

  private hasRoomFor(keys: number): boolean {
    const { atOnce, unknownPerSecond } = this.limits;
    const underWay = this.underWay + keys;
    return this.underWay === 0 || (underWay <= atOnce && this.unknown + underWay <= unknownPerSecond);
  }

  private tooMany(): LookUpRefused {
    return this.refusal(
      'too_many_requests',
      'Too many unknown keys are asked for: wait a second, and check who sends them.',
    );
  }

  private tooBusy(): LookUpRefused {
    return this.refusal(
      'service_unavailable',
      'Too many keys are being looked up at once: try again in a second.',
    );
  }

  private refusal(code: LookUpRefusal, detail: string): LookUpRefused {
    this.counts.refused[code] += 1;
    return new LookUpRefused(this.party, code, detail);
  }
}
