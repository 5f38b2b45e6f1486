-- Takes units that were added at a moment out of a log (see hits_live.sql); what has left the window stays out.
CREATE OR REPLACE FUNCTION hits_without(hits bigint[], moment bigint, units bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  FOR i IN 1 .. cardinality(hits) BY 3 LOOP
    IF moment BETWEEN hits[i] AND hits[i + 1] THEN
      IF hits[i + 2] <= units THEN
        RETURN hits[:i - 1] || hits[i + 3:];
      END IF;
      hits[i + 2] := hits[i + 2] - units;
      RETURN hits;
    END IF;
  END LOOP;
  RETURN hits;
END
$$;
