-- Adds verifications to what was counted of keys in hours. Rows are written in one order by everybody, so that nobody
-- waits in a circle.
CREATE OR REPLACE FUNCTION count_usage(
  keys uuid[], applications uuid[], hours timestamptz[], verdicts text[], counts bigint[]
) RETURNS void
LANGUAGE sql AS $$
INSERT INTO usage_hours AS u (api_key_id, application_id, starts_at, verdict, count)
SELECT n.key, n.application, n.hour, n.verdict, n.count
  FROM unnest(keys, applications, hours, verdicts, counts) AS n (key, application, hour, verdict, count)
 ORDER BY n.key, n.hour, n.verdict
    ON CONFLICT (api_key_id, starts_at, verdict) DO UPDATE SET count = u.count + excluded.count
$$;
