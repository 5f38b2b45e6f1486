import { Injectable } from '@nestjs/common';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { Freshness } from '../application/freshness.js';

const STATES = ['fresh', 'stale', 'lapsed'] as const;

/** Tells Prometheus of the lease, and how long changes take to hold on every node. */
@Injectable()
export class FreshnessMetrics {
  constructor(metrics: Metrics, freshness: Freshness) {
    metrics.gaugeOf(
      {
        name: 'upblit_lease_state',
        help: 'Processes by the state of their lease: 1 for the state that a process is in.',
        labelNames: ['state'],
      },
      () => {
        const current = freshness.state();
        return STATES.map((state) => [{ state }, state === current ? 1 : 0]);
      },
    );
    metrics.countOf(
      { name: 'upblit_lease_renewals_total', help: 'Renewals of the lease.', labelNames: ['result'] },
      () => Object.entries(freshness.renewals).map(([result, count]) => [{ result }, count]),
    );
    const propagation = metrics.histogram({
      name: 'upblit_change_propagation_seconds',
      help: 'Seconds from the commit of a change until it held on every node.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    });
    const failures = metrics.counter({
      name: 'upblit_change_propagation_failures_total',
      help: 'Changes that were answered 503, because it was not certain that they held on every node.',
    });
    freshness.onPropagated((milliseconds, isCertain) => {
      if (isCertain) propagation.observe(milliseconds / 1000);
      else failures.inc();
    });
    metrics.queue('change_propagation', () => freshness.waitingForPropagation);
  }
}
