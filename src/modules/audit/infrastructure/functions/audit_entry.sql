-- What the hash of an event is taken of: its entry in the canonical form of RFC 8785. The event is in that form already,
-- and the order of the members is that of the RFC.
CREATE OR REPLACE FUNCTION audit_entry(chain text, seq bigint, at timestamptz, event text, previous bytea)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT '{"chain":"' || chain || '","event":' || event
    || ',"previous":' || coalesce('"' || encode(previous, 'hex') || '"', 'null')
    || ',"seq":' || seq
    || ',"time":"' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"}'
$$;
