import { Injectable } from '@nestjs/common';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { MailQueue } from '../application/mail-queue.js';

/** Tells Prometheus what became of mails. */
@Injectable()
export class MailMetrics {
  constructor(metrics: Metrics, queue: MailQueue) {
    metrics.countOf(
      {
        name: 'upblit_mails_total',
        help: 'Mails that were asked for, by what became of them.',
        labelNames: ['outcome'],
      },
      () => Object.entries(queue.counts).map(([outcome, count]) => [{ outcome }, count]),
    );
    metrics.queue('mails', () => queue.waiting);
  }
}
