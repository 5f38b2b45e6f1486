-- Returns the policy of an application as it is at the moment of the call; null where nobody has set one.
--
-- A volatile function, because its statement sees what was committed before it: the statement that calls it, once it has
-- the lock under which no policy is changed, would else see the policy of before it had the lock.
CREATE OR REPLACE FUNCTION current_policy(application uuid)
RETURNS jsonb LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $$
BEGIN
  RETURN (SELECT policy FROM applications WHERE id = application);
END
$$;
