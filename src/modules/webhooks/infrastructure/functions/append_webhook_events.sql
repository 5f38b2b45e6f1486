-- Writes what webhooks are to be sent of these domain events, in the transaction of the changes that they tell of.
-- Nearly every application has no webhook: that costs a look at an index.
CREATE OR REPLACE FUNCTION append_webhook_events(domain_events jsonb) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
  PERFORM FROM webhooks
    WHERE application_id = ANY (ARRAY(
            SELECT DISTINCT (event ->> 'applicationId')::uuid FROM jsonb_array_elements(domain_events) AS e (event)
          ))
      AND enabled AND deleted_at IS NULL;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM enqueue_webhooks(jsonb_agg(
      jsonb_build_object(
        'applicationId', event ->> 'applicationId',
        'type', type,
        'subjectId', CASE WHEN type LIKE 'key.%' THEN event -> 'target' ->> 'id' ELSE event ->> 'applicationId' END,
        'data', jsonb_build_object('applicationId', event ->> 'applicationId')
          || CASE WHEN type LIKE 'key.%' THEN jsonb_build_object('keyId', event -> 'target' ->> 'id') ELSE '{}' END
          || jsonb_build_object(
               'actor', jsonb_build_object('issuer', event -> 'actor' -> 'issuer', 'subject', event -> 'actor' -> 'subject'))
          -- What does not fit is read from the API: receivers need not take more than 20 kB.
          || CASE WHEN octet_length(concat(event ->> 'before', event ->> 'after')) > 16384
                  THEN '{"truncated": true}'
                  ELSE jsonb_build_object('before', event -> 'before', 'after', event -> 'after') END
      ) ORDER BY place))
    FROM (SELECT event, place, webhook_event_type(event) AS type
            FROM jsonb_array_elements(domain_events) WITH ORDINALITY AS e (event, place)) AS typed
   WHERE type IS NOT NULL AND event ->> 'applicationId' IS NOT NULL
  HAVING count(*) > 0;
END
$$;
