-- Deletes the events of a chain up to this number, and returns how many there were. It is the one way to delete any, and
-- takes the privilege to delete, which the role that serves has not.
CREATE OR REPLACE FUNCTION prune_audit_chain(pruned_chain text, until bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  deleted bigint;
BEGIN
  PERFORM set_config('upblit.pruned_audit_chain', pruned_chain, true);
  DELETE FROM audit_events WHERE chain = pruned_chain AND seq <= until;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  PERFORM set_config('upblit.pruned_audit_chain', '', true);
  RETURN deleted;
END
$$;
