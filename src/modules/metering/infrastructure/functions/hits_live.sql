-- The log of one limit is an array of triplets (first, last, units), oldest first, in microseconds since the epoch:
-- what metering/domain/hit-log.ts describes, for RATE_LIMIT_STORE=postgres. The two change together.
--
-- Returns what is still in the window. A clock that went back is taken to have stood still since the last hit.
CREATE OR REPLACE FUNCTION hits_live(hits bigint[], moment bigint, window_us bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  ahead bigint := coalesce(hits[cardinality(hits) - 1], moment) - moment;
  oldest integer := 1;
BEGIN
  IF ahead > 0 THEN
    FOR i IN 1 .. cardinality(hits) BY 3 LOOP
      hits[i] := hits[i] - ahead;
      hits[i + 1] := hits[i + 1] - ahead;
    END LOOP;
  END IF;
  WHILE hits[oldest + 1] <= moment - window_us LOOP
    oldest := oldest + 3;
  END LOOP;
  RETURN hits[oldest:];
END
$$;
