-- Keeps a checkpoint of the event of this number and hash, if there is one, notes what is left to be sealed, and returns
-- whether the checkpoint is new. Under the lock of those who append: what they append next they note as unsealed, or have
-- done so before.
CREATE OR REPLACE FUNCTION seal_audit_chain(sealed_chain text, sealed bigint, sealed_hash bytea, signed text)
RETURNS boolean LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  is_new boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(7305809, hashtext(sealed_chain));
  INSERT INTO audit_checkpoints (chain, seq, jws)
    SELECT chain, seq, signed FROM audit_events WHERE chain = sealed_chain AND seq = sealed AND hash = sealed_hash
    ON CONFLICT DO NOTHING;
  is_new := FOUND;
  PERFORM FROM audit_checkpoints WHERE chain = sealed_chain AND seq = sealed;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM audit_unsealed
    WHERE chain = sealed_chain
      AND NOT EXISTS (SELECT FROM audit_events WHERE chain = sealed_chain AND seq > sealed);
  UPDATE audit_unsealed
     SET seq = sealed + 1,
         since = (SELECT at FROM audit_events WHERE chain = sealed_chain AND seq = sealed + 1)
   WHERE chain = sealed_chain AND seq <= sealed;
  RETURN is_new;
END
$$;
