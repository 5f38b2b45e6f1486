-- Counts runs of equal verifications, one run after the other; run_of says which run each limit belongs to, in
-- ascending order. clock_us is for the tests: without it the server's clock counts.
CREATE OR REPLACE FUNCTION take_rate_limits(
  run_of integer[], subjects uuid[], names text[], quotas bigint[], windows_us bigint[], costs bigint[],
  times integer[], clock_us bigint DEFAULT NULL
) RETURNS TABLE (granted integer, noted_at double precision, used double precision[], free_in double precision[])
LANGUAGE plpgsql AS $$
DECLARE
  -- The rows in the order of their keys, and which of them each limit is counted in.
  counted rate_limit_hits[];
  row_of integer[];
  wanted integer;
  changed boolean[];
  moment bigint;
  live bigint[];
  totals bigint[];
  first integer := 1;
  i integer;
BEGIN
  SELECT array_agg(place ORDER BY n), max(place) INTO row_of, wanted
    FROM (SELECT n, dense_rank() OVER (ORDER BY s, l) AS place
            FROM unnest(subjects, names) WITH ORDINALITY AS u (s, l, n)) AS places;

  -- All rows first, in one order for everybody, so that nobody waits in a circle.
  LOOP
    SELECT array_agg(h) INTO counted FROM (
      SELECT h FROM rate_limit_hits h
       WHERE (h.subject_id, h.name) IN (SELECT s, l FROM unnest(subjects, names) AS u (s, l))
       ORDER BY h.subject_id, h.name
         FOR NO KEY UPDATE
    ) AS rows;
    EXIT WHEN cardinality(counted) = wanted;
    INSERT INTO rate_limit_hits (subject_id, name, hits, expires_at)
    SELECT DISTINCT s, l, '{}'::bigint[], clock_timestamp() + interval '1 minute'
      FROM unnest(subjects, names) AS u (s, l)
     ORDER BY s, l
        ON CONFLICT DO NOTHING;
  END LOOP;

  -- After the waiting: the order of the times is the order of the locks.
  moment := coalesce(clock_us, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
  noted_at := moment;
  changed := array_fill(false, ARRAY[wanted]);

  FOR run IN 1 .. cardinality(times) LOOP
    granted := times[run];
    i := first;
    WHILE run_of[i] = run LOOP
      live := counted[row_of[i]].hits;
      -- A refusal writes only what time has changed.
      IF live[cardinality(live) - 1] > moment OR live[2] <= moment - windows_us[i] THEN
        live := hits_live(live, moment, windows_us[i]);
        counted[row_of[i]].hits := live;
        counted[row_of[i]].expires_at := to_timestamp((moment + windows_us[i]) / 1000000.0);
        changed[row_of[i]] := true;
      END IF;
      totals[i] := hits_units(live);
      granted := least(granted, greatest(0, (quotas[i] - totals[i]) / costs[i]));
      i := i + 1;
    END LOOP;

    used := '{}';
    free_in := '{}';
    i := first;
    WHILE run_of[i] = run LOOP
      live := counted[row_of[i]].hits;
      IF granted > 0 THEN
        live := hits_with(live, moment, granted * costs[i]);
        totals[i] := totals[i] + granted * costs[i];
        counted[row_of[i]].hits := live;
        counted[row_of[i]].expires_at := to_timestamp((moment + windows_us[i]) / 1000000.0);
        changed[row_of[i]] := true;
      END IF;
      used := used || totals[i]::double precision;
      free_in := free_in
        || greatest(0, hits_free_at(live, totals[i] + costs[i] - quotas[i], windows_us[i]) - moment)::double precision;
      i := i + 1;
    END LOOP;
    first := i;
    RETURN NEXT;
  END LOOP;

  UPDATE rate_limit_hits h
     SET hits = c.hits, expires_at = c.expires_at
    FROM unnest(counted) WITH ORDINALITY AS c (subject_id, name, hits, expires_at, place)
   WHERE h.subject_id = c.subject_id AND h.name = c.name AND changed[c.place];
END
$$;
