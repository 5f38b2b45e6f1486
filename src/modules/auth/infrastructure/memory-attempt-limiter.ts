import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { AttemptLimiter, type LimitedCall } from '../domain/attempt-limiter.js';

export interface AttemptLimits {
  windowSeconds: number;
  /** Calls of one address to each of the calls. */
  perAddress: number;
  /** Failed logins, or registrations, of one account. */
  perAccount: number;
  refreshPerAccount: number;
}

interface Window {
  count: number;
  /** Milliseconds on the monotonic clock. */
  endsAt: number;
}

/** A few megabytes at most, however many names an attacker makes up. */
const MAX_ENTRIES = 20_000;

/** Fixed windows in the memory of this process: each node counts for itself, and a restart forgets. */
export class MemoryAttemptLimiter extends AttemptLimiter {
  private readonly addresses = new LRUCache<string, Window>({ max: MAX_ENTRIES });
  private readonly accounts = new LRUCache<string, Window>({ max: MAX_ENTRIES });
  /** Addresses that an account was signed in to from. */
  private readonly recognized = new LRUCache<string, true>({ max: MAX_ENTRIES });

  constructor(
    private readonly limits: AttemptLimits,
    private readonly clock: Clock,
  ) {
    super();
  }

  countCall(call: LimitedCall, address: string): void {
    this.count(this.addresses, `${call} ${networkOf(address)}`, this.limits.perAddress, 'address');
  }

  countAttempt(call: LimitedCall, account: string, address: string): void {
    const limit = call === 'refresh' ? this.limits.refreshPerAccount : this.limits.perAccount;
    this.count(this.accounts, this.accountKey(call, account, address), limit, 'account');
  }

  forgive(call: LimitedCall, account: string, address: string): void {
    const window = this.accounts.get(this.accountKey(call, account, address));
    if (window !== undefined && window.count > 0) window.count -= 1;
  }

  recognize(account: string, address: string): void {
    this.recognized.set(`login ${account} ${networkOf(address)}`, true);
  }

  private accountKey(call: LimitedCall, account: string, address: string): string {
    const own = `${call} ${account} ${networkOf(address)}`;
    return this.recognized.has(own) ? own : `${call} ${account}`;
  }

  private count(windows: LRUCache<string, Window>, key: string, limit: number, policy: string): void {
    const now = this.clock.monotonic();
    let window = windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      window = { count: 0, endsAt: now + this.limits.windowSeconds * 1000 };
      windows.set(key, window);
    }
    if (window.count >= limit) {
      throw tooMany(policy, limit, this.limits.windowSeconds, Math.ceil((window.endsAt - now) / 1000));
    }
    window.count += 1;
  }
}

/** Whoever has one IPv6 address has the 2^64 beside it, so they count as one. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, 8).join('.');
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
