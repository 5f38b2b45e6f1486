-- Reserves room for a key before a change that may make it one that is enabled and works until a moment; returns the
-- code of the refusal, or null. What is judged is judged after the lock, and at one moment.
CREATE OR REPLACE FUNCTION reserve_activation_quota(key uuid, application uuid, most_active integer, until timestamptz)
RETURNS text LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  no_limit CONSTANT integer := 2147483647;
  refusal  text := reserve_key_quota(application, 0, no_limit, clock_timestamp());
  at       timestamptz := clock_timestamp();
BEGIN
  IF refusal IS NOT NULL THEN RETURN refusal; END IF;
  IF until <= at THEN RETURN NULL; END IF;
  PERFORM FROM api_keys
    WHERE id = key AND revoked_at IS NULL AND enabled AND (expires_at IS NULL OR expires_at > at);
  IF FOUND THEN RETURN NULL; END IF;
  RETURN reserve_key_quota(application, 1, most_active, at);
END
$$;
