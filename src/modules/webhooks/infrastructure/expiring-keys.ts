import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { PeriodicNotices } from './periodic-notices.js';

const EVERY_MS = 60_000;

/*
 * Each key is told of in 14, 7 and 1 days before its end: of several that have passed while no node was running, of the
 * last alone; and of none that had passed when it was issued, so that keys for an hour make no noise. Who is first writes
 * the notice, and with it the message: so it is one, however many nodes there are.
 */
const NOTE_EXPIRING = `
  WITH due AS MATERIALIZED (
    SELECT k.id, k.application_id, k.name, k.expires_at, passed.days
      FROM api_keys k
      JOIN applications a ON a.id = k.application_id AND a.deleted_at IS NULL
     CROSS JOIN LATERAL (
             SELECT min(days) AS days FROM unnest(ARRAY[14, 7, 1]) AS t (days)
              WHERE k.expires_at <= now() + make_interval(days => days)
           ) passed
     WHERE k.expires_at > now() AND k.expires_at <= now() + interval '14 days'
       AND k.revoked_at IS NULL AND k.environment <> 'service'
       AND k.created_at <= k.expires_at - make_interval(days => passed.days)
       AND EXISTS (SELECT FROM webhooks w
                    WHERE w.application_id = k.application_id AND w.enabled AND w.deleted_at IS NULL
                      AND w.events && ARRAY['*', 'key.*', 'key.expiring'])
       AND NOT EXISTS (SELECT FROM webhook_notices n
                        WHERE n.api_key_id = k.id AND n.kind = 'expiring_' || passed.days AND n.about = k.expires_at)
     LIMIT $1
  ), noted AS (
    INSERT INTO webhook_notices (api_key_id, kind, about)
    SELECT id, 'expiring_' || days, expires_at FROM due ORDER BY id ON CONFLICT DO NOTHING RETURNING api_key_id
  )
  SELECT count(*)::int AS found,
         enqueue_webhooks(coalesce(jsonb_agg(jsonb_build_object(
           'applicationId', application_id, 'type', 'key.expiring', 'subjectId', id,
           'data', jsonb_build_object(
             'applicationId', application_id, 'keyId', id, 'name', name, 'days', days,
             'expiresAt', to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
         )), '[]'))
    FROM due JOIN noted ON noted.api_key_id = due.id`;

/** Tells receivers of keys that are about to expire. */
@Injectable()
export class ExpiringKeys extends PeriodicNotices {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource, { name: 'note_expiring_keys', text: NOTE_EXPIRING }, EVERY_MS);
  }
}
