import { Injectable } from '@nestjs/common';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { AuditLag } from '../application/audit-lag.js';
import { Checkpoints } from '../application/checkpoints.js';

/** Tells Prometheus whether the audit trail is sealed in time. */
@Injectable()
export class AuditMetrics {
  constructor(metrics: Metrics, lag: AuditLag, checkpoints: Checkpoints) {
    metrics.gaugeOf(
      {
        name: 'upblit_audit_unsealed_events',
        help: 'Events of the audit trail that no checkpoint covers yet, in the whole database.',
      },
      () => [[{}, lag.unsealed.events]],
    );
    metrics.gaugeOf(
      {
        name: 'upblit_audit_unsealed_age_seconds',
        help: 'Seconds since the oldest of these events.',
      },
      () => [[{}, lag.unsealed.oldestSeconds]],
    );
    metrics.countOf(
      {
        name: 'upblit_audit_checkpoints_total',
        help: 'Checkpoints of the audit trail that this process has signed, and looks that have failed.',
        labelNames: ['outcome'],
      },
      () => Object.entries(checkpoints.counts).map(([outcome, count]) => [{ outcome }, count]),
    );
  }
}
