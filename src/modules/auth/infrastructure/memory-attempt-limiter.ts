import { LRUCache } from 'lru-cache';
import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import type { Party } from '../../../shared/concurrency/fair-semaphore.js';
import { DomainError } from '../../../shared/domain-error.js';
import { networkOf } from '../../../shared/network.js';
import type { Subject } from '../../../shared/subject.js';
import { AttemptLimiter, type LimitedCall, type RefusedSignIns } from '../domain/attempt-limiter.js';

export interface AttemptLimits {
  windowSeconds: number;
  /** Calls of one address to each of the calls. */
  perAddress: number;
  /** Failed logins, or registrations, of one account. */
  perAccount: number;
  refreshPerAccount: number;
  /** Mails to one account, or to an email that has none. */
  mailsPerAccount: number;
  /** The same on one day, however many windows that has. */
  mailsPerAccountAndDay: number;
  /** Calls of one principal in a minute. */
  managementPerMinute: number;
}

interface Window {
  readonly place: number;
  readonly count: number;
  /** Milliseconds on the monotonic clock. */
  readonly endsAt: number;
}

/** In seconds. */
const DAY = 86_400;
/** Accounts with the networks that they were signed in to from. */
const MAX_ENTRIES = 20_000;
/** Windows that are kept at a time, 20 bytes each, and how many of them a name chooses from. */
const PLACES = 2 ** 17;
const CHOICE = 8;

/**
 * Windows by name, in bounded memory. A new name takes the place of a window that has ended or, when there is none, of
 * the one that has counted least. So names that are made up to have a window forgotten would have to be counted as
 * often as that one, in every place that there is.
 */
class Windows {
  private readonly salt = randomBytes(16).toString('base64');
  private readonly names = new BigUint64Array(PLACES);
  private readonly counts = new Uint32Array(PLACES);
  /** Of which windows somebody was told that they are full. */
  private readonly told = new Uint8Array(PLACES);
  /** Milliseconds on the monotonic clock. */
  private readonly ends = new Float64Array(PLACES).fill(-Infinity);

  /** The window of a name that has not ended. */
  get(name: string, now: number): Window | undefined {
    const [id, first] = this.locate(name);
    for (let place = first; place < first + CHOICE; place += 1) {
      const endsAt = this.ends[place] ?? 0;
      if (this.names[place] === id && endsAt > now) return { place, count: this.counts[place] ?? 0, endsAt };
    }
    return undefined;
  }

  /** Begins a window in which nothing is counted yet. */
  begin(name: string, now: number, endsAt: number): Window {
    const [id, first] = this.locate(name);
    let place = first;
    for (let other = first; other < first + CHOICE; other += 1) {
      if (this.weightOf(other, now) < this.weightOf(place, now)) place = other;
    }
    this.names[place] = id;
    this.ends[place] = endsAt;
    this.counts[place] = 0;
    this.told[place] = 0;
    return { place, count: 0, endsAt };
  }

  count({ place, count }: Window, change: 1 | -1): void {
    this.counts[place] = count + change;
  }

  /** Whether nobody was told of the window before. */
  tell({ place }: Window): boolean {
    const isNew = this.told[place] === 0;
    this.told[place] = 1;
    return isNew;
  }

  /** What would be lost with the window in a place. */
  private weightOf(place: number, now: number): number {
    return (this.ends[place] ?? 0) <= now ? -1 : (this.counts[place] ?? 0);
  }

  private locate(name: string): [id: bigint, first: number] {
    const digest = hash('sha256', this.salt + name, 'buffer');
    return [digest.readBigUInt64LE(0), (digest.readUInt32LE(8) % (PLACES / CHOICE)) * CHOICE];
  }
}

/** Fixed windows in the memory of this process: each node counts for itself, and a restart forgets. */
export class MemoryAttemptLimiter extends AttemptLimiter {
  private readonly addresses = new Windows();
  private readonly accounts = new Windows();
  private readonly principals = new Windows();
  private refusedSignIns: (refused: RefusedSignIns) => void = () => undefined;
  /** Addresses that an account was signed in to from. */
  private readonly recognized = new LRUCache<string, true>({ max: MAX_ENTRIES });

  constructor(
    private readonly limits: AttemptLimits,
    private readonly clock: Clock,
  ) {
    super();
  }

  countCall(call: LimitedCall, address: string): void {
    const tell = call === 'login' ? { address, account: null } : undefined;
    this.count(this.addresses, `${call} ${networkOf(address)}`, this.limits.perAddress, 'address', { tell });
  }

  countManagementCall({ issuer, subject }: Subject): void {
    const { managementPerMinute } = this.limits;
    const name = JSON.stringify([issuer, subject]);
    this.count(this.principals, name, managementPerMinute, 'principal', { windowSeconds: 60 });
  }

  countAttempt(call: LimitedCall, account: string, address: string): void {
    const tell = call === 'login' ? { address, account } : undefined;
    const key = this.accountKey(call, account, address);
    this.count(this.accounts, key, this.limitOf(call), 'account', { tell });
    if (call !== 'mail') return;
    const { mailsPerAccountAndDay } = this.limits;
    this.count(this.accounts, `${key} today`, mailsPerAccountAndDay, 'account', { windowSeconds: DAY });
  }

  forgive(call: LimitedCall, account: string, address: string): void {
    const window = this.accounts.get(this.accountKey(call, account, address), this.clock.monotonic());
    if (window !== undefined && window.count > 0) this.accounts.count(window, -1);
  }

  partyOf(account: string, address: string): Party {
    const name = networkOf(address);
    return { name, isKnown: this.recognized.has(`login ${account} ${name}`) };
  }

  onRefusedSignIns(listener: (refused: RefusedSignIns) => void): void {
    this.refusedSignIns = listener;
  }

  recognize(account: string, address: string): void {
    this.recognized.set(`login ${account} ${networkOf(address)}`, true);
  }

  private limitOf(call: LimitedCall): number {
    if (call === 'refresh') return this.limits.refreshPerAccount;
    return call === 'mail' ? this.limits.mailsPerAccount : this.limits.perAccount;
  }

  private accountKey(call: LimitedCall, account: string, address: string): string {
    const own = `${call} ${account} ${networkOf(address)}`;
    return this.recognized.has(own) ? own : `${call} ${account}`;
  }

  private count(
    windows: Windows,
    key: string,
    limit: number,
    policy: string,
    {
      windowSeconds = this.limits.windowSeconds,
      tell,
    }: {
      windowSeconds?: number;
      /** Of whom the listener is told when they are refused. */
      tell?: Pick<RefusedSignIns, 'address' | 'account'> | undefined;
    },
  ): void {
    const now = this.clock.monotonic();
    const window = windows.get(key, now) ?? windows.begin(key, now, now + windowSeconds * 1000);
    if (window.count >= limit) {
      if (tell !== undefined && windows.tell(window)) this.refusedSignIns({ ...tell, limit, windowSeconds });
      throw tooMany(policy, limit, windowSeconds, Math.ceil((window.endsAt - now) / 1000));
    }
    windows.count(window, 1);
  }
}

/** With the fields of draft-ietf-httpapi-ratelimit-headers. */
function tooMany(policy: string, quota: number, windowSeconds: number, retryAfter: number): DomainError {
  return new DomainError('too_many_requests', `Wait ${retryAfter} seconds before the next attempt.`, {
    retryAfter,
    headers: {
      'RateLimit-Policy': `"${policy}";q=${quota};w=${windowSeconds}`,
      RateLimit: `"${policy}";r=0;t=${retryAfter}`,
    },
  });
}
