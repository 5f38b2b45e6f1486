import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';

/** Addresses that are followed at once; the one that has been quiet longest is forgotten first. */
const MAX_ADDRESSES = 10_000;
/** Look-ups of one address that wait at once. */
const MAX_WAITING = 10_000;

type LookUpRefusal = 'too_many_requests' | 'service_unavailable';

/** Has to do with the address that asks, and nothing with the key. */
export class LookUpRefused extends DomainError {
  constructor(
    readonly address: string,
    code: LookUpRefusal,
    detail: string,
  ) {
    super(code, detail, { retryAfter: 1 });
  }
}

export interface UnknownKeyLimits {
  /** Unknown keys that one address may make the database look for in a second. */
  perSecond: number;
  /** Milliseconds that a look-up may wait for those before it. */
  waitMs: number;
  clock: Clock;
}

/**
 * Bounds how many keys that do not exist one address makes the database look for. Keys that exist are not counted,
 * and what is known costs the database nothing and does not come here.
 */
export class UnknownKeyLimiter {
  private readonly addresses = new LRUCache<string, LookUps>({ max: MAX_ADDRESSES });

  constructor(private readonly limits: UnknownKeyLimits) {}

  /** Look-ups that were refused since the start. */
  readonly refused: Record<LookUpRefusal, number> = { too_many_requests: 0, service_unavailable: 0 };

  of(address: string): LookUps {
    let lookUps = this.addresses.get(address);
    if (lookUps === undefined) {
      lookUps = new LookUps(address, this.limits, (code) => (this.refused[code] += 1));
      this.addresses.set(address, lookUps);
    }
    return lookUps;
  }

  /** Look-ups that wait for others of their address. */
  get waiting(): number {
    return [...this.addresses.values()].reduce((sum, { waitingCount }) => sum + waitingCount, 0);
  }
}

interface Waiter {
  readonly keys: number;
  begin(): void;
  fail(error: LookUpRefused): void;
}

/**
 * The look-ups of one address. Whether a key exists is known only when its look-up has ended, so those under way
 * count as if none existed; who might be one too many then waits for them, and is refused only when enough have been
 * found not to exist.
 *
 * So `unknown + underWay <= perSecond` always, and no more than that begin in a second without finding a key. A batch
 * that finds nobody under way may begin whatever its size: beyond the bound by less than one batch.
 */
class LookUps {
  private second = -1;
  /** Keys found not to exist in this second. */
  private unknown = 0;
  private underWay = 0;
  /** In the order of arrival. While anybody waits, a look-up is running, whose `release` lets them begin. */
  private readonly waiting = new Set<Waiter>();

  constructor(
    private readonly address: string,
    private readonly limits: UnknownKeyLimits,
    private readonly noteRefusal: (code: LookUpRefusal) => void,
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
    return this.unknown >= this.limits.perSecond;
  }

  private hasRoomFor(keys: number): boolean {
    return this.underWay === 0 || this.unknown + this.underWay + keys <= this.limits.perSecond;
  }

  private tooMany(): LookUpRefused {
    return this.refusal(
      'too_many_requests',
      'Too many unknown keys came from this address: wait a second, and check what sends them.',
    );
  }

  private tooBusy(): LookUpRefused {
    return this.refusal(
      'service_unavailable',
      'Too many keys of this address are being looked up at once: try again in a second.',
    );
  }
  private refusal(code: LookUpRefusal, detail: string): LookUpRefused {
    this.noteRefusal(code);
    return new LookUpRefused(this.address, code, detail);
  }
}
