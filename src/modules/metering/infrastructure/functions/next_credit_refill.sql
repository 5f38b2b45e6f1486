-- Returns the first refill after a moment; null without a refill.
CREATE OR REPLACE FUNCTION next_credit_refill(every text, on_day smallint, moment timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE every
  WHEN 'daily' THEN date_trunc('day', utc) + interval '1 day'
  WHEN 'monthly' THEN CASE WHEN credit_refill_in(month, on_day) > utc THEN credit_refill_in(month, on_day)
                           ELSE credit_refill_in(month + interval '1 month', on_day) END
END AT TIME ZONE 'UTC'
FROM (SELECT moment AT TIME ZONE 'UTC', date_trunc('month', moment AT TIME ZONE 'UTC')) AS now (utc, month)
$$;
