import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { PeriodicNotices } from './periodic-notices.js';

/** Policies name days. */
const EVERY_MS = 900_000;

/*
 * What the policy of an application says of the newest secret of each key. A notice is forgotten after thirty days, and a
 * key that is due still is told of again.
 *
 * Two conditions look like checks that are made once more, and are not. Without NOT EXISTS, keys that were told of would
 * take all the places of the LIMIT; ON CONFLICT is for notices that another node writes at this moment. And without a
 * webhook that wants the event, which enqueue_webhooks asks for as well, a notice would be written that nobody is told of.
 */
const NOTE_ROTATIONS = `
  WITH due AS MATERIALIZED (
    SELECT k.id, k.application_id, k.name, newest.created_at, rule.days
      FROM applications a
     CROSS JOIN LATERAL (SELECT (a.policy ->> 'rotateEvery')::integer AS days) rule
      JOIN api_keys k ON k.application_id = a.id
     CROSS JOIN LATERAL (
             SELECT max(s.created_at) AS created_at FROM api_key_secrets s
              WHERE s.api_key_id = k.id AND s.revoked_at IS NULL
           ) newest
     WHERE a.deleted_at IS NULL AND rule.days IS NOT NULL
       AND a.id IN (SELECT w.application_id FROM webhooks w
                     WHERE w.enabled AND w.deleted_at IS NULL
                       AND w.events && ARRAY['*', 'key.*', 'key.rotation_due'])
       AND k.revoked_at IS NULL AND k.environment <> 'service' AND coalesce(k.expires_at > now(), true)
       AND newest.created_at <= now() - make_interval(days => rule.days)
       AND NOT EXISTS (SELECT FROM webhook_notices n
                        WHERE n.api_key_id = k.id AND n.kind = 'rotation_due' AND n.about = newest.created_at)
     LIMIT $1
  ), noted AS (
    INSERT INTO webhook_notices (api_key_id, kind, about)
    SELECT id, 'rotation_due', created_at FROM due ORDER BY id ON CONFLICT DO NOTHING RETURNING api_key_id
  )
  SELECT count(*)::int AS found,
         enqueue_webhooks(coalesce(jsonb_agg(jsonb_build_object(
           'applicationId', application_id, 'type', 'key.rotation_due', 'subjectId', id,
           'data', jsonb_build_object(
             'applicationId', application_id, 'keyId', id, 'name', name, 'rotateEveryDays', days,
             'rotatedAt', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
         )), '[]'))
    FROM due JOIN noted ON noted.api_key_id = due.id`;

/** Tells receivers of keys whose newest secret is older than the policy of their application allows. Nothing is rotated. */
@Injectable()
export class RotationsDue extends PeriodicNotices {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource, { name: 'note_rotations_due', text: NOTE_ROTATIONS }, EVERY_MS);
  }
}
