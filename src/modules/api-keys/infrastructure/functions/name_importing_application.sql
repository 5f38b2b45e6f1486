-- Fills in the application of an imported secret for nodes of the version before, which do not name it.
CREATE OR REPLACE FUNCTION name_importing_application() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
  NEW.imported_for := (SELECT application_id FROM api_keys WHERE id = NEW.api_key_id);
  RETURN NEW;
END
$$;
