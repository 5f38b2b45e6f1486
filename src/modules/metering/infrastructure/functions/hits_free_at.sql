-- Returns when so many units of a log (see hits_live.sql), or the oldest, will have left the window; null for an empty log.
CREATE OR REPLACE FUNCTION hits_free_at(hits bigint[], excess bigint, window_us bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  freed bigint := 0;
BEGIN
  FOR i IN 1 .. cardinality(hits) BY 3 LOOP
    freed := freed + hits[i + 2];
    IF freed >= excess THEN
      RETURN hits[i + 1] + window_us;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
