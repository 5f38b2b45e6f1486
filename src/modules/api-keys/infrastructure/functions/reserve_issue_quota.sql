-- Reserves room for new keys of an application as reserve_key_quota does, and among those of one day (UTC); returns the
-- code of the refusal, or null.
--
-- The day of the row never goes back: a transaction that began before midnight may get its turn after one that did not.
CREATE OR REPLACE FUNCTION reserve_issue_quota(
  application uuid, keys integer, most_active integer, most_a_day integer, at timestamptz)
RETURNS text LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  refusal text := reserve_key_quota(application, keys, most_active, at);
  today   date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
  before  integer;
BEGIN
  IF refusal IS NOT NULL THEN RETURN refusal; END IF;
  SELECT CASE
           WHEN issued_on >= today THEN issued
           WHEN issued_on IS NOT NULL THEN 0
           -- The row is new, and its application need not be.
           ELSE (SELECT count(*) FROM api_keys
                  WHERE application_id = application AND created_at >= today::timestamp AT TIME ZONE 'UTC')
         END
    INTO before FROM application_key_counts WHERE application_id = application;
  IF keys > 0 AND before + keys > most_a_day THEN RETURN 'daily_key_limit_reached'; END IF;
  UPDATE application_key_counts SET issued_on = greatest(issued_on, today), issued = before + keys
    WHERE application_id = application;
  RETURN NULL;
END
$$;
