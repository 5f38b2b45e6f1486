-- Writes how an attempt has ended, unless its lease was lost, and makes the next delivery of the same key due.
--
-- That is a second statement, with a snapshot of its own, and begins when the first one holds the row of what has ended.
-- Whoever puts deliveries off holds the row of the one that they wait for: so they have either committed, and are seen
-- here, or find that it has ended. One statement for both would not see a delivery that was written, and put off, while
-- it waited for that row.
CREATE OR REPLACE FUNCTION finish_webhook_delivery(
  of_webhook uuid, number bigint, held uuid, new_state text, retry_in double precision,
  answer smallint, reason text, took_ms integer, is_slow boolean
) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  subject uuid;
BEGIN
  UPDATE webhook_deliveries
     SET state = new_state, finished_at = CASE WHEN new_state <> 'pending' THEN now() END,
         due_at = now() + make_interval(secs => retry_in), scheduled_at = now(), lease = NULL,
         status = answer, failure = reason, duration_ms = took_ms
   WHERE webhook_id = of_webhook AND seq = number AND lease = held AND state = 'pending'
  RETURNING subject_id INTO subject;
  IF NOT FOUND THEN RETURN; END IF;
  -- Whether the webhook is slow is seen with the next one when somebody changes the webhook at this moment.
  UPDATE webhooks SET slow_since = CASE WHEN is_slow THEN now() END
   WHERE id = (SELECT id FROM webhooks WHERE id = of_webhook AND (slow_since IS NOT NULL) <> is_slow
                  FOR NO KEY UPDATE SKIP LOCKED);
  IF new_state = 'pending' THEN RETURN; END IF;
  UPDATE webhook_deliveries SET due_at = now(), scheduled_at = now()
   WHERE webhook_id = of_webhook AND lease IS NULL
     AND seq = (SELECT seq FROM webhook_deliveries
                 WHERE webhook_id = of_webhook AND subject_id = subject AND state = 'pending' AND seq > number
                 ORDER BY seq LIMIT 1);
END
$$;
