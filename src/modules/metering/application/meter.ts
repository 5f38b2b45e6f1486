import { Injectable } from '@nestjs/common';
import { chain } from '../../../shared/concurrency/chain.js';
import type { LimitReport, Metering, Usage } from '../domain/metering.js';
import { CreditLedger, type Spending } from './credit-ledger.js';
import { RateLimiter, type RateLimitAnswer } from './rate-limiter.js';

export interface Metered {
  readonly code: 'VALID' | 'RATE_LIMITED' | 'USAGE_EXCEEDED';
  readonly usage: Usage;
  /** Whether it is counted as usage of its key, with what it has spent. */
  readonly isCounted: boolean;
}

const NOTHING: Usage = {
  rateLimits: [],
  retryAfterSeconds: null,
  unchecked: false,
  keyRemaining: null,
  applicationRemaining: null,
};

/**
 * Counts and pays for verifications that have passed everything else. Limits come first: a verification that they
 * refuse spends nothing. One that lacks credits was refused too, and is taken back from the limits.
 */
@Injectable()
export class Meter {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly ledger: CreditLedger,
  ) {}

  /**
   * Returns synchronously when everything is counted in this process. `cost` is in credits. Throws when the balance, or with
   * RATE_LIMIT_ON_FAILURE=closed a limit, cannot be known.
   */
  check({ limits, credits }: Metering, cost: number): Metered | Promise<Metered> {
    return chain(limits === null ? null : this.limiter.check(limits), (counted) => {
      if (counted?.state === 'limited') {
        const { reports: rateLimits, retryAfterSeconds } = counted;
        return {
          code: 'RATE_LIMITED',
          usage: { ...NOTHING, rateLimits, retryAfterSeconds },
          isCounted: false,
        };
      }
      const passed: Usage = {
        ...NOTHING,
        rateLimits: counted?.state === 'passed' ? counted.reports : [],
        unchecked: counted?.state === 'unchecked',
      };
      return credits === null
        ? { code: 'VALID', usage: passed, isCounted: false }
        : this.pay(credits, cost, counted, passed);
    });
  }

  /** What is left of the limits of the key itself, without those that it shares. Throws `service_unavailable`. */
  async peek({ limits }: Metering): Promise<readonly LimitReport[]> {
    const own = limits?.limits.filter(({ sharedByApplication }) => !sharedByApplication) ?? [];
    return limits === null || own.length === 0 ? [] : this.limiter.peek({ ...limits, limits: own });
  }

  /** What is left of everything that a verification counts against, of which nothing is taken. Throws `service_unavailable`. */
  async look({ limits, credits }: Metering): Promise<{
    rateLimits: readonly LimitReport[];
    keyCredits: number | null;
    applicationCredits: number | null;
  }> {
    const [rateLimits, left] = await Promise.all([
      limits === null ? [] : this.limiter.peek(limits),
      // Nothing is spent, and without a key that it is counted for nothing is counted.
      credits === null ? null : this.ledger.spend(credits, 0),
    ]);
    return {
      rateLimits,
      keyCredits: left?.keyRemaining ?? null,
      applicationCredits: left?.applicationRemaining ?? null,
    };
  }

  private async pay(
    credits: NonNullable<Metering['credits']>,
    cost: number,
    counted: RateLimitAnswer | null,
    passed: Usage,
  ): Promise<Metered> {
    const spending = await this.orTakenBack(counted, this.ledger.spend(credits, cost, credits.countedFor));
    const { granted, keyRemaining, applicationRemaining, retryAfterSeconds } = spending;
    return granted
      ? { code: 'VALID', usage: { ...passed, keyRemaining, applicationRemaining }, isCounted: true }
      : {
          code: 'USAGE_EXCEEDED',
          usage: { ...NOTHING, keyRemaining, applicationRemaining, retryAfterSeconds },
          isCounted: true,
        };
  }

  private async orTakenBack(counted: RateLimitAnswer | null, spending: Promise<Spending>): Promise<Spending> {
    let granted = false;
    try {
      const spent = await spending;
      ({ granted } = spent);
      return spent;
    } finally {
      if (!granted && counted?.state === 'passed') await counted.refund();
    }
  }
}
