import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { PeriodicTask } from '../../../shared/concurrency/periodic-task.js';
import { WebhookSender } from '../application/webhook-sender.js';

const EVERY_MS = 15_000;

/** What is longer than that is told as that long. */
const MAX_LENGTH = 100_000;

const OUTBOX = `
  SELECT (SELECT count(*)::int FROM (SELECT FROM webhook_deliveries WHERE state = 'pending' LIMIT ${MAX_LENGTH}) pending)
           AS length,
         coalesce((SELECT greatest(0, extract(epoch FROM now() - min(d.due_at)))
                     FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
                    WHERE d.state = 'pending' AND w.slow_since IS NULL), 0)::float8 AS age,
         coalesce((SELECT sum(dropped) FROM webhook_drops), 0)::float8 AS dropped`;

interface Outbox {
  readonly length: number;
  readonly age: number;
  readonly dropped: number;
}

/** Tells Prometheus what became of attempts, and how much is waiting, for all nodes together. */
@Injectable()
export class WebhookMetrics implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly pool: Pool;
  private readonly periodic = new PeriodicTask(() => this.look(), EVERY_MS);
  private outbox: Outbox = { length: 0, age: 0, dropped: 0 };

  constructor(@InjectDataSource() dataSource: DataSource, metrics: Metrics, sender: WebhookSender) {
    this.pool = poolOf(dataSource);
    metrics.countOf(
      {
        name: 'upblit_webhook_attempts_total',
        help: 'Attempts to deliver to webhooks, by how they have ended.',
        labelNames: ['outcome'],
      },
      () => Object.entries(sender.counts).map(([outcome, count]) => [{ outcome }, count]),
    );
    metrics.countOf(
      {
        name: 'upblit_webhook_given_up_total',
        help: 'Deliveries to webhooks that were given up: after the last attempt, or because the receiver is gone.',
      },
      () => [[{}, sender.givenUp]],
    );
    metrics.gaugeOf(
      {
        name: 'upblit_webhook_outbox_length',
        help: `Deliveries to webhooks that are yet to be made, of all nodes; ${MAX_LENGTH} for more.`,
      },
      () => [[{}, this.outbox.length]],
    );
    metrics.gaugeOf(
      {
        name: 'upblit_webhook_outbox_age_seconds',
        help: 'For how long the delivery that is most overdue has been due, of those whose receivers answer quickly: nobody sends it.',
      },
      () => [[{}, this.outbox.age]],
    );
    metrics.gaugeOf(
      {
        name: 'upblit_webhook_events_dropped',
        help: 'Events that webhooks had no room for, of all nodes.',
      },
      () => [[{}, this.outbox.dropped]],
    );
  }

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.periodic.stop();
  }

  /** Keeps what it knew when the database is away. */
  async look(): Promise<void> {
    try {
      const { rows } = await this.pool.query<Outbox>({ name: 'webhook_outbox', text: OUTBOX });
      this.outbox = rows[0] ?? this.outbox;
    } catch {
      // Others tell of it.
    }
  }
}
