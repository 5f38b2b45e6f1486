-- Counts runs of equal verifications, one run after the other; run_of says which run each limit belongs to, in
-- ascending order. clock_us is for the tests: without it the server's clock counts.
CREATE OR REPLACE FUNCTION take_rate_limits(
  run_of integer[], subjects uuid[], names text[], quotas bigint[], windows_us bigint[], costs bigint[],
  times integer[], clock_us bigint DEFAULT NULL
) RETURNS TABLE (granted integer, noted_at double precision, used double precision[], free_in double precision[])
LANGUAGE plpgsql AS $$
DECLARE
  wanted integer := (SELECT count(DISTINCT (s, n)) FROM unnest(subjects, names) AS u (s, n));
  locked integer;
  moment bigint;
  live bigint[];
  total bigint;
  first integer := 1;
  i integer;
BEGIN
  -- All rows first, in one order for everybody, so that nobody waits in a circle.
  LOOP
    SELECT count(*) INTO locked FROM (
      SELECT FROM rate_limit_hits h
       WHERE (h.subject_id, h.name) IN (SELECT s, n FROM unnest(subjects, names) AS u (s, n))
       ORDER BY h.subject_id, h.name
         FOR NO KEY UPDATE
    ) AS rows;
    EXIT WHEN locked = wanted;
    INSERT INTO rate_limit_hits (subject_id, name, hits, expires_at)
    SELECT DISTINCT s, n, '{}'::bigint[], clock_timestamp() + interval '1 minute'
      FROM unnest(subjects, names) AS u (s, n)
     ORDER BY s, n
        ON CONFLICT DO NOTHING;
  END LOOP;

  -- After the waiting: the order of the times is the order of the locks.
  moment := coalesce(clock_us, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
  noted_at := moment;

  FOR run IN 1 .. cardinality(times) LOOP
    granted := times[run];
    i := first;
    WHILE run_of[i] = run LOOP
      SELECT hits_live(h.hits, moment, windows_us[i]) INTO live
        FROM rate_limit_hits h WHERE h.subject_id = subjects[i] AND h.name = names[i];
      granted := least(granted, greatest(0, (quotas[i] - hits_units(live)) / costs[i]));
      i := i + 1;
    END LOOP;

    used := '{}';
    free_in := '{}';
    i := first;
    WHILE run_of[i] = run LOOP
      SELECT hits_live(h.hits, moment, windows_us[i]) INTO live
        FROM rate_limit_hits h WHERE h.subject_id = subjects[i] AND h.name = names[i];
      IF granted > 0 THEN
        live := hits_with(live, moment, granted * costs[i]);
      END IF;
      -- A refusal writes only what time has changed.
      UPDATE rate_limit_hits h
         SET hits = live, expires_at = to_timestamp((moment + windows_us[i]) / 1000000.0)
       WHERE h.subject_id = subjects[i] AND h.name = names[i]
         AND h.hits IS DISTINCT FROM live;
      total := hits_units(live);
      used := used || total::double precision;
      free_in := free_in
        || greatest(0, hits_free_at(live, total + costs[i] - quotas[i], windows_us[i]) - moment)::double precision;
      i := i + 1;
    END LOOP;
    first := i;
    RETURN NEXT;
  END LOOP;
END
$$;
