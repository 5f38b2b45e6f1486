-- Gives a transaction that changes keys or applications its number, and records what it has changed.
--
-- It runs inside COMMIT, because its triggers are deferred. So the lock is held while the server commits, and not while
-- a client does something else: a client that freezes in its transaction holds up nobody. The lock makes the order of
-- numbers the order of commits: PostgreSQL lets go of it only when the commit can be seen.
CREATE OR REPLACE FUNCTION freshness_changed() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT
SET lock_timeout = '2s'
AS $$
DECLARE
  most_subjects CONSTANT integer := 1000;
  kind          CONSTANT text    := TG_ARGV[0];
  taken         bigint  := nullif(current_setting('freshness.number', true), '');
  proof         CONSTANT uuid    := gen_random_uuid();
  subjects      integer := coalesce(nullif(current_setting('freshness.subjects', true), '')::integer, 0);
  changed       uuid;
BEGIN
  IF taken IS NULL THEN
    -- In one snapshot for the whole transaction the last number would be an old one.
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
      RAISE EXCEPTION 'Keys and applications are changed at the isolation level READ COMMITTED'
        USING ERRCODE = 'feature_not_supported';
    END IF;
    PERFORM pg_advisory_xact_lock(7305808872);
    SELECT coalesce(max(number), 0) + 1 INTO taken FROM key_changes;
    -- Local to the transaction: its other changes go under the same number.
    PERFORM set_config('freshness.number', taken::text, true);
    INSERT INTO key_changes (number, kind, id) VALUES (taken, 'proof', proof);
    -- To the transaction itself, which can see by this that it was committed. INFO is sent whatever
    -- client_min_messages says, and not logged.
    RAISE INFO USING MESSAGE = json_build_object('number', taken, 'id', proof)::text, ERRCODE = 'UPB01';
    PERFORM pg_notify('freshness_changed', taken::text);
  END IF;

  IF subjects >= most_subjects THEN RETURN NULL; END IF;
  FOREACH changed IN ARRAY ARRAY[to_jsonb(OLD) ->> TG_ARGV[1], to_jsonb(NEW) ->> TG_ARGV[1]]::uuid[] LOOP
    CONTINUE WHEN changed IS NULL;
    INSERT INTO key_changes (number, kind, id) VALUES (taken, kind, changed) ON CONFLICT DO NOTHING;
    CONTINUE WHEN NOT FOUND;
    subjects := subjects + 1;
    IF subjects = most_subjects THEN
      -- It is cheaper for the nodes to forget everything than to be told each.
      INSERT INTO key_changes (number, kind, id) VALUES (taken, '*', '00000000-0000-0000-0000-000000000000');
    END IF;
    PERFORM set_config('freshness.subjects', subjects::text, true);
  END LOOP;
  RETURN NULL;
END
$$;
