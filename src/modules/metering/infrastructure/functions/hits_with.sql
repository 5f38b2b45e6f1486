-- Adds units to a log (see hits_live.sql); a 65th triplet joins the two neighbours that lie closest together.
CREATE OR REPLACE FUNCTION hits_with(hits bigint[], moment bigint, units bigint) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  size integer := cardinality(hits);
  shortest bigint;
  closest integer;
BEGIN
  IF hits[size - 1] = moment THEN
    hits[size] := hits[size] + units;
    RETURN hits;
  END IF;
  hits := hits || ARRAY[moment, moment, units];
  IF size < 64 * 3 THEN
    RETURN hits;
  END IF;
  FOR i IN 1 .. size BY 3 LOOP
    IF shortest IS NULL OR hits[i + 4] - hits[i] < shortest THEN
      shortest := hits[i + 4] - hits[i];
      closest := i;
    END IF;
  END LOOP;
  RETURN hits[:closest] || ARRAY[hits[closest + 4], hits[closest + 2] + hits[closest + 5]] || hits[closest + 6:];
END
$$;
