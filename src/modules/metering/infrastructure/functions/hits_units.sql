-- Returns the sum of the units in a log (see hits_live.sql).
CREATE OR REPLACE FUNCTION hits_units(hits bigint[]) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  total bigint := 0;
BEGIN
  FOR i IN 3 .. cardinality(hits) BY 3 LOOP
    total := total + hits[i];
  END LOOP;
  RETURN total;
END
$$;
