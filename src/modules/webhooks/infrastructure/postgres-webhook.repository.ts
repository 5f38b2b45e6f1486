import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Snapshots } from '../../../infrastructure/database/snapshots.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import { eventsOf } from '../../../shared/domain-event.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import type { Delivery, DeliveryFailure, DeliveryState } from '../domain/delivery.js';
import { Webhook, type WebhookProps } from '../domain/webhook.js';
import { TEST_EVENT_TYPE } from '../domain/webhook-event.js';
import { WebhookRepository, type ListedWebhook } from '../domain/webhook.repository.js';

/** The class of the advisory locks under which webhooks are counted; any number that nothing else uses. */
const COUNT_LOCKS = 7_305_811;

const WEBHOOK = `
  w.id, w.application_id AS "applicationId", w.url, w.description, w.events, w.enabled,
  w.disabled_because AS "disabledBecause", w.credits_below::float8 AS "creditsBelow", w.created_at AS "createdAt",
  w.created_by_issuer AS "createdByIssuer", w.created_by_subject AS "createdBySubject", w.updated_at AS "updatedAt", w.secret, w.secret_pepper AS "pepper", w.previous_secret AS "previousSecret",
  w.previous_pepper AS "previousPepper", w.previous_until AS "previousUntil"`;

/** PostgreSQL's bigint as pg has it is text, and so is the place in a list. */
const DELIVERY = `
  d.seq::text, d.message_id AS "messageId", m.type, d.state, d.attempts, d.created_at AS "createdAt",
  d.attempted_at AS "attemptedAt", CASE WHEN d.state = 'pending' THEN d.due_at END AS "nextAttemptAt", d.status,
  d.failure, d.duration_ms AS "durationMs"`;

type WebhookRow = Omit<WebhookProps, 'secret' | 'previousSecret' | 'createdBy'> & {
  createdByIssuer: string | null;
  createdBySubject: string | null;
  secret: Buffer;
  pepper: number;
  previousSecret: Buffer | null;
  previousPepper: number | null;
};

type ListedRow = WebhookRow & { dropped: number | null; droppedAt: Date | null };

@Injectable()
export class PostgresWebhookRepository extends WebhookRepository {
  private readonly snapshots: Snapshots;

  constructor(@InjectDataSource() dataSource: DataSource) {
    super();
    this.snapshots = new Snapshots(dataSource);
  }

  list(
    applicationId: string,
    { limit, before }: PageRequest,
    atLeast: number,
  ): Promise<Dated<ListedWebhook[]>> {
    return this.select(
      'AND ($2::uuid IS NULL OR w.id < $2) ORDER BY w.id DESC LIMIT $3',
      [applicationId, before ?? null, limit + 1],
      atLeast,
    );
  }

  async find(applicationId: string, id: string, atLeast: number): Promise<Dated<ListedWebhook | null>> {
    const { value, asOf } = await this.select('AND w.id = $2', [applicationId, id], atLeast);
    return { value: value[0] ?? null, asOf };
  }

  private select(rest: string, values: unknown[], atLeast: number): Promise<Dated<ListedWebhook[]>> {
    return this.snapshots.latest(atLeast, async (snapshot) => {
      const rows = await managerOf(snapshot).query<ListedRow[]>(
        `SELECT ${WEBHOOK}, d.dropped::float8 AS dropped, d.dropped_at AS "droppedAt"
           FROM webhooks w LEFT JOIN webhook_drops d ON d.webhook_id = w.id
          WHERE w.application_id = $1 AND w.mails_to IS NULL AND w.deleted_at IS NULL ${rest}`,
        values,
      );
      return rows.map(({ dropped, droppedAt, ...row }) => ({
        id: row.id,
        webhook: toWebhook(row),
        dropped: { events: dropped ?? 0, at: droppedAt },
      }));
    });
  }

  async lockCount(applicationId: string, tx: Transaction): Promise<number> {
    const manager = managerOf(tx);
    await manager.query(`SELECT pg_advisory_xact_lock($1, hashtext($2))`, [COUNT_LOCKS, applicationId]);
    const [row] = await manager.query<{ count: number }[]>(
      'SELECT count(*)::int AS count FROM webhooks WHERE application_id = $1 AND mails_to IS NULL AND deleted_at IS NULL',
      [applicationId],
    );
    return row?.count ?? 0;
  }

  async insert(webhook: Webhook, tx: Transaction): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO webhooks (id, application_id, url, description, events, enabled, credits_below, secret,
                             secret_pepper, created_at, updated_at, created_by_issuer, created_by_subject)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)`,
      [
        webhook.id,
        webhook.applicationId,
        webhook.url,
        webhook.description,
        webhook.events,
        webhook.enabled,
        webhook.creditsBelow,
        webhook.secret.sealed,
        webhook.secret.pepperVersion,
        webhook.createdAt,
        webhook.createdBy?.issuer ?? null,
        webhook.createdBy?.subject ?? null,
      ],
    );
    tx.record(eventsOf(webhook));
  }

  async lock(applicationId: string, id: string, tx: Transaction): Promise<Webhook | null> {
    const [row] = await managerOf(tx).query<WebhookRow[]>(
      `SELECT ${WEBHOOK} FROM webhooks w
        WHERE w.application_id = $1 AND w.id = $2 AND w.mails_to IS NULL AND w.deleted_at IS NULL
          FOR NO KEY UPDATE`,
      [applicationId, id],
    );
    return row === undefined ? null : toWebhook(row);
  }

  async update(webhook: Webhook, tx: Transaction): Promise<void> {
    await managerOf(tx).query(
      `UPDATE webhooks
          SET url = $2, description = $3, events = $4, enabled = $5, disabled_because = $6, credits_below = $7,
              secret = $8, secret_pepper = $9, previous_secret = $10, previous_pepper = $11, previous_until = $12,
              updated_at = $13
        WHERE id = $1`,
      [
        webhook.id,
        webhook.url,
        webhook.description,
        webhook.events,
        webhook.enabled,
        webhook.disabledBecause,
        webhook.creditsBelow,
        webhook.secret.sealed,
        webhook.secret.pepperVersion,
        webhook.previousSecret?.sealed ?? null,
        webhook.previousSecret?.pepperVersion ?? null,
        webhook.previousUntil,
        webhook.updatedAt,
      ],
    );
    if (!webhook.enabled) await this.giveUp(webhook.id, tx);
    tx.record(eventsOf(webhook));
  }

  async delete(webhook: Webhook, now: Date, tx: Transaction): Promise<void> {
    await managerOf(tx).query('UPDATE webhooks SET deleted_at = $2 WHERE id = $1', [webhook.id, now]);
    await this.giveUp(webhook.id, tx);
    tx.record(eventsOf(webhook));
  }

  /** What waits for a webhook. What is under way ends by itself. */
  private async giveUp(id: string, tx: Transaction): Promise<void> {
    await managerOf(tx).query(
      `UPDATE webhook_deliveries SET state = 'dead', failure = $2, finished_at = now()
        WHERE webhook_id = $1 AND state = 'pending' AND lease IS NULL`,
      [id, 'disabled' satisfies DeliveryFailure],
    );
  }

  listDeliveries(
    webhookId: string,
    state: DeliveryState | undefined,
    { limit, before }: PageRequest,
    atLeast: number,
  ): Promise<Dated<Delivery[]>> {
    return this.snapshots.latest(atLeast, (snapshot) =>
      managerOf(snapshot).query<Delivery[]>(
        `SELECT ${DELIVERY} FROM webhook_deliveries d JOIN webhook_messages m ON m.id = d.message_id
          WHERE d.webhook_id = $1 AND ($2::text IS NULL OR d.state = $2) AND ($3::bigint IS NULL OR d.seq < $3)
          ORDER BY d.seq DESC LIMIT $4`,
        [webhookId, state ?? null, before ?? null, limit + 1],
      ),
    );
  }

  async countWaitingTests(webhookId: string, tx: Transaction): Promise<number> {
    // Only the events about a webhook itself are tests.
    const [row] = await managerOf(tx).query<{ waiting: number }[]>(
      `SELECT count(*)::integer AS waiting FROM webhook_deliveries
        WHERE webhook_id = $1 AND subject_id = $1 AND state = 'pending'`,
      [webhookId],
    );
    return row?.waiting ?? 0;
  }

  async addTest(webhook: Webhook, tx: Transaction): Promise<Delivery> {
    const { id, applicationId } = webhook;
    const [row] = await managerOf(tx).query<Delivery[]>(
      `WITH m AS (
         INSERT INTO webhook_messages (id, application_id, type, subject_id, body, created_at)
         SELECT gen_random_uuid(), $1, $2, $3,
                json_build_object('type', $2::text, 'timestamp',
                  to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                  'data', json_build_object('applicationId', $1::uuid, 'webhookId', $3::uuid))::text,
                now()
         RETURNING id, type
       ), d AS (
         INSERT INTO webhook_deliveries (webhook_id, message_id, application_id, subject_id, due_at, scheduled_at,
                                         created_at)
         SELECT $3, m.id, $1, $3, now(), now(), now() FROM m RETURNING *
       )
       SELECT ${DELIVERY} FROM d JOIN m ON m.id = d.message_id`,
      [applicationId, TEST_EVENT_TYPE, id],
    );
    if (row === undefined) throw new Error('the test event was not written');
    tx.record(eventsOf(webhook));
    return row;
  }

  async resend(webhook: Webhook, messageId: string, tx: Transaction): Promise<Delivery | null> {
    const manager = managerOf(tx);
    // One that is being sent at the moment, or that waits, stays as it is but for its time.
    const [row] = await manager.query<Delivery[]>(
      `WITH d AS (
         UPDATE webhook_deliveries
            SET state = 'pending', finished_at = NULL,
                attempts = CASE WHEN state = 'pending' THEN attempts ELSE 0 END,
                due_at = CASE WHEN lease IS NULL THEN now() ELSE due_at END,
                scheduled_at = CASE WHEN lease IS NULL THEN now() ELSE scheduled_at END
          WHERE webhook_id = $1 AND message_id = $2 RETURNING *
       )
       SELECT ${DELIVERY} FROM d JOIN webhook_messages m ON m.id = d.message_id`,
      [webhook.id, messageId],
    );
    if (row === undefined) return null;
    tx.record(eventsOf(webhook));
    return row;
  }
}

function toWebhook({
  pepper,
  previousPepper,
  secret,
  previousSecret,
  createdByIssuer: issuer,
  createdBySubject: subject,
  ...props
}: WebhookRow): Webhook {
  return Webhook.restore({
    ...props,
    createdBy: issuer === null || subject === null ? null : { issuer, subject },
    secret: { sealed: secret, pepperVersion: pepper },
    previousSecret:
      previousSecret === null || previousPepper === null
        ? null
        : { sealed: previousSecret, pepperVersion: previousPepper },
  });
}
