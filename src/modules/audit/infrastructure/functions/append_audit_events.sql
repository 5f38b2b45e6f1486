-- Appends events to their chains, in the transaction of the changes that they tell of, as the last thing that it does.
--
-- Whoever appends to a chain locks it until the end of the transaction: so there is one last event to go on from. The
-- locks are taken in one order by everybody, before anything is read. A statement of its own reads the last event after
-- that, because it must see what was committed while the lock was waited for.
CREATE OR REPLACE FUNCTION append_audit_events(events jsonb) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  turn      integer;
  given     record;
  of_chain  text;
  last_seq  bigint;
  last_hash bytea;
  entered   timestamptz(3);
  new_hash  bytea;
BEGIN
  FOR turn IN
    SELECT DISTINCT hashtext(audit_chain(event)) FROM jsonb_array_elements(events) AS e (event) ORDER BY 1
  LOOP
    PERFORM pg_advisory_xact_lock(7305809, turn);
  END LOOP;

  entered := clock_timestamp();
  FOR given IN
    SELECT audit_chain(event) AS chain, event ->> 'canonical' AS event
      FROM jsonb_array_elements(events) WITH ORDINALITY AS e (event, place)
     ORDER BY 1, place
  LOOP
    IF given.chain IS DISTINCT FROM of_chain THEN
      of_chain := given.chain;
      SELECT seq, hash INTO last_seq, last_hash FROM audit_events WHERE chain = of_chain ORDER BY seq DESC LIMIT 1;
      last_seq := coalesce(last_seq, 0);
      INSERT INTO audit_unsealed (chain, seq, since) VALUES (of_chain, last_seq + 1, entered) ON CONFLICT DO NOTHING;
    END IF;
    last_seq := last_seq + 1;
    new_hash := sha256(convert_to(audit_entry(of_chain, last_seq, entered, given.event, last_hash), 'UTF8'));
    INSERT INTO audit_events (chain, seq, at, event, previous, hash)
      VALUES (of_chain, last_seq, entered, given.event::json, last_hash, new_hash);
    last_hash := new_hash;
  END LOOP;
END
$$;
