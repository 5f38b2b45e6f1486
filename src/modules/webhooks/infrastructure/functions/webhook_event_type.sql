-- What the receivers of webhooks call a domain event; null for what is none of their business.
CREATE OR REPLACE FUNCTION webhook_event_type(event jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE event ->> 'name'
    WHEN 'ApiKeyIssued' THEN 'key.created'
    WHEN 'ApiKeyImported' THEN 'key.created'
    WHEN 'ApiKeyChanged' THEN 'key.changed'
    WHEN 'ApiKeyOverlapStarted' THEN 'key.changed'
    WHEN 'ApiKeySecretEnded' THEN 'key.changed'
    WHEN 'ApiKeyRotated' THEN 'key.rotated'
    WHEN 'ApiKeyRevoked' THEN 'key.revoked'
    WHEN 'ApiKeyLeaked' THEN 'key.leaked'
    WHEN 'ServiceKeyLeaked' THEN 'key.leaked'
    WHEN 'MemberAdded' THEN 'member.added'
    WHEN 'MemberRoleChanged' THEN 'member.role_changed'
    WHEN 'MemberRemoved' THEN 'member.removed'
    WHEN 'ApplicationChanged' THEN 'application.changed'
    WHEN 'ApplicationPolicyChanged' THEN 'application.changed'
    WHEN 'ApplicationOwnerChanged' THEN 'application.owner_changed'
    WHEN 'ApplicationLimitsChanged' THEN 'application.limits_changed'
    WHEN 'ApplicationDeleted' THEN 'application.deleted'
    WHEN 'CreditsChanged' THEN
      CASE event -> 'target' ->> 'kind' WHEN 'api_key' THEN 'key.changed' ELSE 'application.credits_changed' END
  END
$$;
