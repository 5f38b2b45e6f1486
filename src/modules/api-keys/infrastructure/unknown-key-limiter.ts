import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';

/** Addresses that are counted at once; the one that has been quiet longest is forgotten first. */
const MOST_ADDRESSES = 10_000;

/**
 * Bounds how often one address makes the database look for keys that do not exist. What is known costs the database
 * nothing and is never counted.
 */
export class UnknownKeyLimiter {
  private readonly asked = new LRUCache<string, { second: number; count: number }>({ max: MOST_ADDRESSES });

  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts `questions` before the database is asked, so that those under way count too. Throws `too_many_requests`.
   * Answers how to take the count back for what turned out to exist.
   */
  ask(address: string, questions: number): (known: number) => void {
    const second = Math.floor(this.clock.monotonic() / 1000);
    let window = this.asked.get(address);
    if (window?.second !== second) {
      window = { second, count: 0 };
      this.asked.set(address, window);
    }
    if (window.count + questions > this.perSecond && window.count > 0) {
      throw new DomainError(
        'too_many_requests',
        'Too many unknown keys came from this address: wait a second, and check what sends them.',
        { retryAfter: 1 },
      );
    }
    const counted = window;
    counted.count += questions;
    return (known) => {
      counted.count -= known;
    };
  }
}
