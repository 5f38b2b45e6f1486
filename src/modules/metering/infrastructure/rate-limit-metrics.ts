import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { RateLimiter } from '../application/rate-limiter.js';

/** Tells Prometheus how many verifications were let through without a look at their limits. */
@Injectable()
export class RateLimitMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly limiter: RateLimiter,
  ) {}

  onModuleInit(): void {
    const { limiter } = this;
    this.metrics.counter({
      name: 'upblit_rate_limit_unchecked_total',
      help: 'Verifications that passed without a look at their rate limits, because the store of the limits was away.',
      collect() {
        this.reset();
        this.inc(limiter.uncheckedCount);
      },
    });
  }
}
