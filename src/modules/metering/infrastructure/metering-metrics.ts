import { Injectable } from '@nestjs/common';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { CreditLedger } from '../application/credit-ledger.js';
import { RateLimiter } from '../application/rate-limiter.js';

/** Tells Prometheus what became of verifications under limits, and of those that cost credits. */
@Injectable()
export class MeteringMetrics {
  constructor(metrics: Metrics, limiter: RateLimiter, ledger: CreditLedger) {
    metrics.countOf(
      {
        name: 'upblit_rate_limit_checks_total',
        help: 'Verifications under rate limits by what became of them.',
        labelNames: ['outcome'],
      },
      () => Object.entries(limiter.counts).map(([outcome, count]) => [{ outcome }, count]),
    );
    metrics.countOf(
      {
        name: 'upblit_rate_limit_unchecked_total',
        help: 'Verifications that passed without a look at their rate limits, because the store of the limits was away.',
      },
      () => [[{}, limiter.counts.unchecked]],
    );
    metrics.countOf(
      {
        name: 'upblit_credit_spendings_total',
        help: 'Verifications that cost credits by what became of them.',
        labelNames: ['outcome'],
      },
      () => Object.entries(ledger.counts).map(([outcome, count]) => [{ outcome }, count]),
    );
    metrics.queue('rate_limit_checks', () => limiter.waiting.checks);
    metrics.queue('rate_limit_refunds', () => limiter.waiting.refunds);
    metrics.queue('credit_spendings', () => ledger.waiting);
  }
}
