-- Writes one flush of a process: how often keys were verified, and when and from where they were used last. A process
-- numbers its flushes, and repeats one until it is answered: whatever became of the attempts before, and in whatever
-- order they arrive, it is counted once.
CREATE OR REPLACE FUNCTION write_usage(
  writer uuid, flush bigint,
  keys uuid[], applications uuid[], hours timestamptz[], verdicts text[], counts bigint[],
  used_keys uuid[], used_at timestamptz[], used_from text[]
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  -- An attempt that is still under way holds this row.
  INSERT INTO usage_writers AS w (id, last_flush, written_at) VALUES (writer, flush, now())
      ON CONFLICT (id) DO UPDATE SET last_flush = excluded.last_flush, written_at = excluded.written_at
   WHERE w.last_flush < excluded.last_flush;
  IF FOUND THEN
    PERFORM count_usage(keys, applications, hours, verdicts, counts);
  END IF;
  -- A key that was deleted meanwhile has nothing to be noted on.
  INSERT INTO api_key_usage AS u (api_key_id, last_used_at, last_used_from)
  SELECT n.key, n.at, n.address
    FROM unnest(used_keys, used_at, used_from) AS n (key, at, address)
    JOIN api_keys k ON k.id = n.key
   ORDER BY n.key
      ON CONFLICT (api_key_id) DO UPDATE
     SET last_used_at = excluded.last_used_at, last_used_from = excluded.last_used_from
   WHERE u.last_used_at <= excluded.last_used_at;
END
$$;
