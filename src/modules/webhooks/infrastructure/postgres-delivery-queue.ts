import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { systemActor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import {
  DeliveryQueue,
  type Attempt,
  type Claim,
  type DueDelivery,
  type Room,
} from '../application/ports.js';
import { WebhookRepository } from '../domain/webhook.repository.js';

/** Seconds that a node has for an attempt. It takes ten of them at most. */
const LEASE_SECONDS = 30;

/** Applications that one statement looks at. The next one goes on from there. */
const APPLICATIONS = 500;

/** Deliveries of one application that one statement looks at. */
const CANDIDATES = 20;

const FIRST = '00000000-0000-0000-0000-000000000000';

/*
 * The applications that have anything pending are found one by one, from the last one that had its turn on: so each has
 * its turn, however much another one has waiting. Of those that are due, the oldest of their key and webhook are taken;
 * the others are put off until that one is due, so that they are not looked at each time.
 */
const CLAIM = `
  WITH RECURSIVE tenant (application_id, place) AS (
    (SELECT application_id, 1 FROM webhook_deliveries
      WHERE state = 'pending' AND application_id > $1 ORDER BY application_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.application_id FROM webhook_deliveries d
             WHERE d.state = 'pending' AND d.application_id > tenant.application_id
             ORDER BY d.application_id LIMIT 1), place + 1
      FROM tenant WHERE tenant.application_id IS NOT NULL AND place < ${APPLICATIONS}
  ), candidate AS MATERIALIZED (
    SELECT due.*, tenant.place, tenant.application_id
      FROM tenant CROSS JOIN LATERAL (
        SELECT d.webhook_id, d.seq, d.subject_id, d.due_at FROM webhook_deliveries d
         WHERE d.state = 'pending' AND d.application_id = tenant.application_id
           -- Since that was set, the clock was set back.
           AND (d.due_at <= now() OR d.scheduled_at > now() + interval '1 minute')
         ORDER BY d.due_at LIMIT ${CANDIDATES} FOR UPDATE SKIP LOCKED
      ) due
  ), headed AS MATERIALIZED (
    SELECT candidate.*, head.seq AS head, head.due_at AS head_due_at
      FROM candidate CROSS JOIN LATERAL (
        SELECT d.seq, d.due_at FROM webhook_deliveries d
         WHERE d.state = 'pending' AND d.webhook_id = candidate.webhook_id AND d.subject_id = candidate.subject_id
         ORDER BY d.seq LIMIT 1
      ) head
  ), in_turn AS MATERIALIZED (
    SELECT headed.*, row_number() OVER (PARTITION BY application_id ORDER BY due_at, seq) AS turn
      FROM headed WHERE head = seq
  ), claimed AS MATERIALIZED (
    SELECT * FROM in_turn
     WHERE turn <= $3 - coalesce(($4::jsonb ->> application_id::text)::integer, 0)
     ORDER BY turn, place LIMIT $2
  ), put_off AS (
    UPDATE webhook_deliveries d
       SET due_at = greatest(headed.head_due_at, now() + interval '1 second'), scheduled_at = now()
      FROM headed WHERE headed.head <> headed.seq AND (d.webhook_id, d.seq) = (headed.webhook_id, headed.seq)
  ), leased AS (
    UPDATE webhook_deliveries d
       SET due_at = now() + make_interval(secs => ${LEASE_SECONDS}), scheduled_at = now(), attempted_at = now(),
           attempts = attempts + 1, lease = gen_random_uuid()
      FROM claimed WHERE (d.webhook_id, d.seq) = (claimed.webhook_id, claimed.seq)
    RETURNING d.*, claimed.turn, claimed.place
  )
  SELECT scanned.last, l.webhook_id AS "webhookId", l.application_id AS "applicationId", l.seq::text,
         l.message_id AS "messageId", l.subject_id AS "subjectId", m.body, l.attempts, l.lease, w.url,
         w.mails_to AS "mailsTo",
         w.enabled AND w.deleted_at IS NULL
           AND (w.mails_to IS NULL OR EXISTS (
             SELECT FROM application_members member
              WHERE member.application_id = w.application_id AND member.issuer = 'local'
                AND member.subject = w.mails_to::text AND member.role IN ('owner', 'admin'))) AS "isWanted", w.secret, w.secret_pepper AS pepper,
         CASE WHEN w.previous_until > now() THEN w.previous_secret END AS "previousSecret",
         w.previous_pepper AS "previousPepper"
    FROM (SELECT max(application_id::text) FILTER (WHERE place = ${APPLICATIONS}) AS last FROM tenant) scanned
    LEFT JOIN (leased l JOIN webhook_messages m ON m.id = l.message_id JOIN webhooks w ON w.id = l.webhook_id) ON true
   ORDER BY l.turn, l.place`;

/*
 * The next of the same key is due as soon as this one has ended. Who has lost the lease writes nothing.
 */
const FINISH = `
  WITH ended AS (
    UPDATE webhook_deliveries
       SET state = $4, finished_at = CASE WHEN $4 <> 'pending' THEN now() END,
           due_at = now() + make_interval(secs => $5), scheduled_at = now(), lease = NULL,
           status = $6, failure = $7, duration_ms = $8
     WHERE webhook_id = $1 AND seq = $2 AND lease = $3 AND state = 'pending'
    RETURNING webhook_id, subject_id, seq, state
  )
  UPDATE webhook_deliveries d SET due_at = now(), scheduled_at = now()
   WHERE (d.webhook_id, d.seq) = (
           SELECT n.webhook_id, n.seq FROM ended JOIN webhook_deliveries n USING (webhook_id, subject_id)
            WHERE ended.state <> 'pending' AND n.state = 'pending' AND n.seq > ended.seq
            ORDER BY n.seq LIMIT 1
         )
     AND d.lease IS NULL`;

interface Row extends Omit<DueDelivery, 'secret' | 'previousSecret'> {
  readonly secret: Buffer;
  readonly pepper: number;
  readonly previousSecret: Buffer | null;
  readonly previousPepper: number | null;
}

/** One row at least: the first columns are null where nothing was claimed. */
type Claimed = Row & {
  /** The last application that was looked at, when there may be more. */
  readonly last: string | null;
};

@Injectable()
export class PostgresDeliveryQueue extends DeliveryQueue {
  private readonly pool: Pool;
  private after = FIRST;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly webhooks: WebhookRepository,
    private readonly clock: Clock,
  ) {
    super();
    this.pool = poolOf(dataSource);
  }

  async claim({ most, ofApplication, underWay }: Room): Promise<Claim> {
    const { rows } = await this.pool.query<Claimed>({
      name: 'claim_webhook_deliveries',
      text: CLAIM,
      values: [this.after, most, ofApplication, JSON.stringify(Object.fromEntries(underWay))],
    });
    // Null where nothing was claimed.
    const claimed = rows.filter(({ seq }: { seq: string | null }) => seq !== null);
    const last = (claimed.length === most ? claimed.at(-1)?.applicationId : rows[0]?.last) ?? null;
    const wasAtStart = this.after === FIRST;
    this.after = last ?? FIRST;
    return { due: claimed.map(toDueDelivery), mayBeMore: claimed.length > 0 || !wasAtStart || last !== null };
  }

  async finish(
    { webhookId, seq, lease }: DueDelivery,
    { status, failure, durationMs }: Attempt,
    retryIn: number | null,
  ): Promise<void> {
    const state = failure === null ? 'delivered' : retryIn === null ? 'dead' : 'pending';
    await this.pool.query({
      name: 'finish_webhook_delivery',
      text: FINISH,
      values: [webhookId, seq, lease, state, retryIn ?? 0, status, failure, durationMs],
    });
  }

  async disable({ applicationId, webhookId, url }: DueDelivery): Promise<void> {
    await this.unitOfWork.run(systemActor('webhooks'), async (tx) => {
      const webhook = await this.webhooks.lock(applicationId, webhookId, tx);
      // It may lead elsewhere since.
      if (webhook?.url !== url) return;
      webhook.disable('gone', this.clock.now());
      await this.webhooks.update(webhook, tx);
    });
  }
}

function toDueDelivery({
  secret,
  pepper,
  previousSecret,
  previousPepper,
  last: _last,
  ...row
}: Claimed): DueDelivery {
  return {
    ...row,
    secret: { sealed: secret, pepperVersion: pepper },
    previousSecret:
      previousSecret === null || previousPepper === null
        ? null
        : { sealed: previousSecret, pepperVersion: previousPepper },
  };
}
