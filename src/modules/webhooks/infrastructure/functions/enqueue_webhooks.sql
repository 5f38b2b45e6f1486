-- Writes messages, and a delivery of each for every webhook that wants it; returns how many deliveries. A message has
-- applicationId, type, subjectId and data, and a webhookId when it is for that one alone. Deliveries of one subject are sent in the order of their numbers.
--
-- A webhook has room for 10,000 deliveries that are not sent yet: what comes beyond is counted in webhook_drops, and
-- nowhere else. That row is locked after the chain of the audit trail, or by whoever holds no other lock.
CREATE OR REPLACE FUNCTION enqueue_webhooks(messages jsonb) RETURNS integer LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  entered timestamptz(3) := clock_timestamp();
  written integer;
BEGIN
  WITH given AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, place, (message ->> 'applicationId')::uuid AS application_id,
           message ->> 'type' AS type, (message ->> 'subjectId')::uuid AS subject_id, message -> 'data' AS data,
           (message ->> 'webhookId')::uuid AS only_for
      FROM jsonb_array_elements(messages) WITH ORDINALITY AS m (message, place)
  ), wanted AS MATERIALIZED (
    SELECT w.id AS webhook_id, given.*, row_number() OVER (PARTITION BY w.id ORDER BY place) AS nth
      FROM given JOIN webhooks w ON w.application_id = given.application_id
     WHERE w.enabled AND w.deleted_at IS NULL AND coalesce(w.id = given.only_for, true)
       AND w.events && ARRAY['*', given.type, split_part(given.type, '.', 1) || '.*']
  ), room AS MATERIALIZED (
    SELECT webhook_id, 10000 - (
             SELECT count(*) FROM (SELECT FROM webhook_deliveries d
                                    WHERE d.webhook_id = asked.webhook_id AND d.state = 'pending' LIMIT 10000) backlog
           ) AS places
      FROM (SELECT DISTINCT webhook_id FROM wanted) asked
  ), kept AS MATERIALIZED (
    SELECT wanted.* FROM wanted JOIN room USING (webhook_id) WHERE nth <= places
  ), message AS (
    INSERT INTO webhook_messages (id, application_id, type, subject_id, body, created_at)
    SELECT DISTINCT ON (id) id, application_id, type, subject_id,
           json_build_object('type', type, 'timestamp',
             to_char(entered AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'data', data)::text,
           entered
      FROM kept
  ), delivery AS (
    INSERT INTO webhook_deliveries (webhook_id, message_id, application_id, subject_id, due_at, scheduled_at, created_at)
    SELECT webhook_id, id, application_id, subject_id, entered, entered, entered FROM kept ORDER BY place
    RETURNING 1
  ), dropped AS (
    INSERT INTO webhook_drops AS d (webhook_id, dropped, dropped_at)
    SELECT webhook_id, count(*), entered FROM wanted JOIN room USING (webhook_id)
     WHERE nth > places GROUP BY webhook_id ORDER BY webhook_id
        ON CONFLICT (webhook_id) DO UPDATE
       SET dropped = d.dropped + excluded.dropped, dropped_at = excluded.dropped_at
  )
  SELECT count(*) INTO written FROM delivery;
  RETURN written;
END
$$;
