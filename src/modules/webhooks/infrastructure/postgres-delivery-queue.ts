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
const APPLICATIONS = 100;

/** Deliveries of one webhook that one statement looks at. */
const CANDIDATES = 10;

/** Deliveries that one statement puts off. */
const PUT_OFF = 2000;

const FIRST = '00000000-0000-0000-0000-000000000000';

/*
 * The applications that have anything pending are found one by one, from the last one that had its turn on, and of each
 * all its webhooks: so each has its turn, however much another one has waiting. Of the deliveries that are due, the oldest
 * of their key and webhook are taken. The others of that key are put off, all together, so that they are not looked at
 * again and again: the end of the one before makes the next one due.
 *
 * What is taken is locked, what is put off, and what that waits for: if this one ends at the moment, nothing is put off, as
 * its end would not see that (finish_webhook_delivery.sql). What another node has taken meanwhile is not due any more, and
 * left out.
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
      FROM tenant
      JOIN webhooks w ON w.application_id = tenant.application_id AND (w.slow_since IS NOT NULL) = $2
     CROSS JOIN LATERAL (
        SELECT d.webhook_id, d.seq, d.subject_id, d.due_at FROM webhook_deliveries d
         WHERE d.state = 'pending' AND d.application_id = w.application_id AND d.webhook_id = w.id
           AND d.due_at <= now()
         ORDER BY d.due_at LIMIT ${CANDIDATES}
      ) due
  ), headed AS MATERIALIZED (
    SELECT candidate.*, head.seq AS head
      FROM candidate CROSS JOIN LATERAL (
        SELECT d.seq FROM webhook_deliveries d
         WHERE d.state = 'pending' AND d.webhook_id = candidate.webhook_id AND d.subject_id = candidate.subject_id
         ORDER BY d.seq LIMIT 1
      ) head
  ), busy AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($6) AS b ("applicationId" uuid, "webhookId" uuid, here boolean)
  ), of_webhook AS MATERIALIZED (
    SELECT headed.*, coalesce(busy.number, 0) + row_number() OVER (PARTITION BY webhook_id ORDER BY due_at, seq) AS nth
      FROM headed LEFT JOIN (SELECT "webhookId" AS webhook_id, count(*) AS number FROM busy GROUP BY 1) busy
                    USING (webhook_id)
     WHERE head = seq
  ), in_turn AS MATERIALIZED (
    SELECT of_webhook.*,
           coalesce(busy.number, 0) + row_number() OVER (PARTITION BY application_id ORDER BY nth, due_at, seq) AS turn
      FROM of_webhook LEFT JOIN (
             SELECT "applicationId" AS application_id, count(*) AS number FROM busy WHERE here GROUP BY 1
           ) busy USING (application_id)
     WHERE nth <= $5
  ), chosen AS MATERIALIZED (
    SELECT * FROM in_turn WHERE turn <= $4 ORDER BY turn, place LIMIT $3
  ), claimed AS MATERIALIZED (
    SELECT d.webhook_id, d.seq, chosen.turn, chosen.place
      FROM chosen JOIN webhook_deliveries d ON (d.webhook_id, d.seq) = (chosen.webhook_id, chosen.seq)
     WHERE d.state = 'pending' AND d.due_at <= now()
       FOR UPDATE OF d SKIP LOCKED
  ), awaited AS MATERIALIZED (
    SELECT d.webhook_id, d.subject_id, d.seq, d.due_at
      FROM (SELECT DISTINCT webhook_id, head FROM headed WHERE head <> seq) blocked
      JOIN webhook_deliveries d ON (d.webhook_id, d.seq) = (blocked.webhook_id, blocked.head)
     WHERE d.state = 'pending'
       FOR NO KEY UPDATE OF d SKIP LOCKED
  ), waiting AS MATERIALIZED (
    SELECT later.*, awaited.due_at AS head_due_at
      FROM awaited CROSS JOIN LATERAL (
        SELECT d.webhook_id, d.seq FROM webhook_deliveries d
         WHERE d.state = 'pending' AND d.webhook_id = awaited.webhook_id AND d.subject_id = awaited.subject_id
           AND d.seq > awaited.seq AND d.due_at <= now()
           FOR UPDATE SKIP LOCKED
      ) later
     LIMIT ${PUT_OFF}
  ), put_off AS (
    UPDATE webhook_deliveries d
       SET due_at = greatest(waiting.head_due_at, now() + make_interval(secs => ${LEASE_SECONDS})), scheduled_at = now()
      FROM waiting WHERE (d.webhook_id, d.seq) = (waiting.webhook_id, waiting.seq)
    RETURNING 1
  ), leased AS (
    UPDATE webhook_deliveries d
       SET due_at = now() + make_interval(secs => ${LEASE_SECONDS}), scheduled_at = now(), attempted_at = now(),
           attempts = attempts + 1, lease = gen_random_uuid()
      FROM claimed WHERE (d.webhook_id, d.seq) = (claimed.webhook_id, claimed.seq)
    RETURNING d.*, claimed.turn, claimed.place
  ), set_back AS (
    -- Since that was set, the clock was set back: it is due with the next look.
    UPDATE webhook_deliveries d SET due_at = now(), scheduled_at = now()
      FROM (SELECT webhook_id, seq FROM webhook_deliveries
             WHERE state = 'pending' AND scheduled_at > now() + interval '1 minute' AND due_at > now()
             LIMIT ${PUT_OFF} FOR UPDATE SKIP LOCKED) late
     WHERE (d.webhook_id, d.seq) = (late.webhook_id, late.seq)
  )
  SELECT scanned.last, scanned."isPutOff", l.webhook_id AS "webhookId", l.application_id AS "applicationId", l.seq::text,
         l.message_id AS "messageId", l.subject_id AS "subjectId", m.body, l.attempts, l.lease, w.url,
         w.mails_to AS "mailsTo",
         w.enabled AND w.deleted_at IS NULL
           AND (w.mails_to IS NULL OR EXISTS (
             SELECT FROM application_members member
              WHERE member.application_id = w.application_id AND member.issuer = 'local'
                AND member.subject = w.mails_to::text AND member.role IN ('owner', 'admin'))) AS "isWanted", w.secret, w.secret_pepper AS pepper,
         CASE WHEN w.previous_until > now() THEN w.previous_secret END AS "previousSecret",
         w.previous_pepper AS "previousPepper"
    FROM (SELECT max(application_id::text) FILTER (WHERE place = ${APPLICATIONS}) AS last,
                 EXISTS (SELECT FROM put_off) AS "isPutOff" FROM tenant) scanned
    LEFT JOIN (leased l JOIN webhook_messages m ON m.id = l.message_id JOIN webhooks w ON w.id = l.webhook_id) ON true
   ORDER BY l.turn, l.place`;

const FINISH = 'SELECT finish_webhook_delivery($1, $2, $3, $4, $5, $6, $7, $8, $9)';

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
  /** Whether there were more of the same keys, which are out of the way now. */
  readonly isPutOff: boolean;
};

@Injectable()
export class PostgresDeliveryQueue extends DeliveryQueue {
  private readonly pool: Pool;
  private readonly after = { quick: FIRST, slow: FIRST };

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly webhooks: WebhookRepository,
    private readonly clock: Clock,
  ) {
    super();
    this.pool = poolOf(dataSource);
  }

  async claim({ isSlow, most, ofApplication, ofWebhook, underWay, elsewhere }: Room): Promise<Claim> {
    const room = isSlow ? 'slow' : 'quick';
    const after = this.after[room];
    const busy = [
      ...underWay.map((one) => ({ ...one, here: true })),
      ...elsewhere.map((one) => ({ ...one, here: false })),
    ];
    const { rows } = await this.pool.query<Claimed>({
      name: 'claim_webhook_deliveries',
      text: CLAIM,
      values: [after, isSlow, most, ofApplication, ofWebhook, JSON.stringify(busy)],
    });
    // Null where nothing was claimed.
    const claimed = rows.filter(({ seq }: { seq: string | null }) => seq !== null);
    const last = (claimed.length === most ? claimed.at(-1)?.applicationId : rows[0]?.last) ?? null;
    this.after[room] = last ?? FIRST;
    const hasMoved = claimed.length > 0 || rows[0]?.isPutOff === true;
    return { due: claimed.map(toDueDelivery), mayBeMore: hasMoved || after !== FIRST || last !== null };
  }

  async finish(
    { webhookId, seq, lease }: DueDelivery,
    { status, failure, durationMs }: Attempt,
    retryIn: number | null,
    isSlow: boolean,
  ): Promise<void> {
    const state = failure === null ? 'delivered' : retryIn === null ? 'dead' : 'pending';
    await this.pool.query({
      name: 'finish_webhook_delivery',
      text: FINISH,
      values: [webhookId, seq, lease, state, retryIn ?? 0, status, failure, durationMs, isSlow],
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
  isPutOff: _isPutOff,
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
