import { Injectable } from '@nestjs/common';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';

const EVERY_MS = 300_000;

/** Days for which it can be seen what became of a delivery. */
const RETENTION_DAYS = 7;

/** Of one webhook, the last so many. */
const MAX_ENDED = 10_000;

/**
 * What has ended long ago, what is more than anybody looks at, and what was for a webhook that is deleted; with the
 * messages that no other delivery is of.
 */
const DELETE_DELIVERIES = `
  WITH too_many AS (
    SELECT w.id, cut.seq FROM webhooks w CROSS JOIN LATERAL (
      SELECT d.seq FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state <> 'pending'
       ORDER BY d.seq DESC OFFSET ${MAX_ENDED} LIMIT 1
    ) cut
  ), chosen AS (
    (SELECT webhook_id, seq FROM webhook_deliveries
      WHERE state <> 'pending' AND finished_at < now() - make_interval(days => ${RETENTION_DAYS}) LIMIT $1)
    UNION
    (SELECT d.webhook_id, d.seq FROM too_many JOIN webhook_deliveries d ON d.webhook_id = too_many.id
      WHERE d.seq <= too_many.seq AND d.state <> 'pending' LIMIT $1)
    UNION
    (SELECT d.webhook_id, d.seq FROM webhooks w JOIN webhook_deliveries d ON d.webhook_id = w.id
      WHERE w.deleted_at < now() - interval '1 minute' LIMIT $1)
    LIMIT $1
  ), gone AS (
    DELETE FROM webhook_deliveries d USING chosen
     WHERE (d.webhook_id, d.seq) = (chosen.webhook_id, chosen.seq)
    RETURNING d.webhook_id, d.seq, d.message_id
  ), messages AS (
    DELETE FROM webhook_messages m
     WHERE m.id IN (SELECT message_id FROM gone)
       AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.message_id = m.id
                          AND NOT EXISTS (SELECT FROM gone WHERE (gone.webhook_id, gone.seq) = (d.webhook_id, d.seq)))
  )
  SELECT count(*)::int AS deleted FROM gone`;

/** Messages whose last deliveries two nodes have deleted at once. */
const DELETE_MESSAGES = `
  DELETE FROM webhook_messages WHERE id IN (
    SELECT id FROM webhook_messages m
     WHERE created_at < now() - make_interval(days => ${RETENTION_DAYS})
       AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.message_id = m.id) LIMIT $1)`;

/** When an application is deleted, its receivers are told; what is not delivered in two days never is. */
const DELETE_WEBHOOKS_OF_DELETED_APPLICATIONS = `
  UPDATE webhooks w SET deleted_at = now() FROM applications a
   WHERE a.id = w.application_id AND w.deleted_at IS NULL AND a.deleted_at < now() - interval '2 days'`;

const DELETE_WEBHOOKS = `
  WITH gone AS (
    DELETE FROM webhooks WHERE id IN (
      SELECT id FROM webhooks w
       WHERE deleted_at < now() - interval '2 minutes'
         AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.webhook_id = w.id)
       LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING id)
  DELETE FROM webhook_drops WHERE webhook_id IN (SELECT id FROM gone)`;

/** A key whose expiry is moved is told of anew; so nothing is told twice when the rest is forgotten. */
const DELETE_NOTICES = `
  DELETE FROM webhook_notices WHERE (api_key_id, kind, about) IN (
    SELECT api_key_id, kind, about FROM webhook_notices
     WHERE noted_at < now() - interval '30 days' AND about < now() LIMIT $1)`;

/** Deletes what became of deliveries long ago, and webhooks that nobody has any more. */
@Injectable()
export class WebhooksPurge extends PeriodicPurge {
  constructor(unitOfWork: UnitOfWork) {
    super('deliveries of webhooks', EVERY_MS, unitOfWork);
  }

  protected async deleteSome(limit: number, tx: Transaction): Promise<number> {
    const manager = managerOf(tx);
    await manager.query(DELETE_WEBHOOKS_OF_DELETED_APPLICATIONS);
    const [row] = await manager.query<{ deleted: number }[]>(DELETE_DELIVERIES, [limit]);
    await manager.query(DELETE_MESSAGES, [limit]);
    await manager.query(DELETE_WEBHOOKS, [limit]);
    await manager.query(DELETE_NOTICES, [limit]);
    return row?.deleted ?? 0;
  }
}
