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

const NO_LIMITS: readonly LimitReport[] = [];

/** Limits that let a verification pass; null where there are none. */
type PassedLimits = Exclude<RateLimitAnswer, { state: 'limited' }> | null;

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
        return { code: 'RATE_LIMITED', usage: usageOf(counted), isCounted: false };
      }
      return credits === null
        ? { code: 'VALID', usage: usageOf(counted), isCounted: false }
        : this.pay(credits, cost, counted);
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
    counted: PassedLimits,
  ): Promise<Metered> {
    const spending = await this.orTakenBack(counted, this.ledger.spend(credits, cost, credits.countedFor));
    return spending.granted
      ? { code: 'VALID', usage: usageOf(counted, spending), isCounted: true }
      : { code: 'USAGE_EXCEEDED', usage: usageOf(null, spending), isCounted: true };
  }

  private async orTakenBack(counted: PassedLimits, spending: Promise<Spending>): Promise<Spending> {
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

/** Field by field, and not from a template: it is made for every verification. */
function usageOf(counted: RateLimitAnswer | null, spending?: Spending): Usage {
  return {
    rateLimits: counted === null || counted.state === 'unchecked' ? NO_LIMITS : counted.reports,
    retryAfterSeconds:
      counted?.state === 'limited' ? counted.retryAfterSeconds : (spending?.retryAfterSeconds ?? null),
    unchecked: counted?.state === 'unchecked',
    keyRemaining: spending?.keyRemaining ?? null,
    applicationRemaining: spending?.applicationRemaining ?? null,
  };
}
