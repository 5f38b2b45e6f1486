-- Reserves room for new keys of an application; returns the code of the refusal, or null. Until the transaction ends,
-- nobody else issues keys of the application.
--
-- A function, because each of its statements sees what was committed before it: in a single statement the count would
-- be older than the lock.
CREATE OR REPLACE FUNCTION reserve_key_quota(application uuid, keys integer, most_active integer, at timestamptz)
RETURNS text LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  bound  integer;
  active integer;
BEGIN
  LOOP
    UPDATE application_key_counts SET unrevoked = unrevoked + keys WHERE application_id = application
      RETURNING unrevoked INTO bound;
    EXIT WHEN FOUND;
    PERFORM FROM applications WHERE id = application AND deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN 'application_not_found'; END IF;
    INSERT INTO application_key_counts (application_id, unrevoked)
      SELECT application, count(*) FROM api_keys WHERE application_id = application AND revoked_at IS NULL
      ON CONFLICT DO NOTHING;
  END LOOP;
  IF bound <= most_active THEN RETURN NULL; END IF;

  SELECT count(*), count(*) FILTER (WHERE enabled AND (expires_at IS NULL OR expires_at > at))
    INTO bound, active
    FROM api_keys WHERE application_id = application AND revoked_at IS NULL;
  IF active + keys > most_active THEN
    UPDATE application_key_counts SET unrevoked = bound WHERE application_id = application;
    RETURN 'api_key_limit_reached';
  END IF;
  UPDATE application_key_counts SET unrevoked = bound + keys WHERE application_id = application;
  RETURN NULL;
END
$$;
