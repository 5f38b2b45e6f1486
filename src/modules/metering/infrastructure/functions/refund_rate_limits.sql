-- Takes back units that take_rate_limits counted at a moment.
CREATE OR REPLACE FUNCTION refund_rate_limits(subjects uuid[], names text[], units bigint[], moment bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM rate_limit_hits h
    WHERE (h.subject_id, h.name) IN (SELECT s, n FROM unnest(subjects, names) AS u (s, n))
    ORDER BY h.subject_id, h.name
      FOR NO KEY UPDATE;
  UPDATE rate_limit_hits h
     SET hits = hits_without(h.hits, moment, u.k)
    FROM unnest(subjects, names, units) AS u (s, n, k)
   WHERE h.subject_id = u.s AND h.name = u.n;
END
$$;
