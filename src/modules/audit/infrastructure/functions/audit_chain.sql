-- The chain that an event belongs to: that of its application. What is of no application is spread over a few chains by
-- who has done it, so that people who sign in at the same time do not wait for each other. What is done to a chain
-- stands in it.
CREATE OR REPLACE FUNCTION audit_chain(event jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN event -> 'target' ->> 'kind' = 'audit_chain' THEN event -> 'target' ->> 'id'
    WHEN event ->> 'applicationId' IS NOT NULL THEN (event ->> 'applicationId')::uuid::text
    ELSE 'service-' || lpad((get_byte(sha256(convert_to(
      concat_ws(' ', event -> 'actor' ->> 'issuer', event -> 'actor' ->> 'subject'), 'UTF8')), 0) % 16)::text, 2, '0')
  END
$$;
