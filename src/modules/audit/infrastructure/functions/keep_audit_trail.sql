-- Refuses to change what is in the audit trail, or to delete it in another way than by prune_audit_chain.
CREATE OR REPLACE FUNCTION keep_audit_trail() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_events'
     AND to_jsonb(OLD) ->> 'chain' = current_setting('upblit.pruned_audit_chain', true) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'The audit trail is added to, and never changed: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;
