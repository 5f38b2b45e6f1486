/*
 * Functions as they were before a later migration changed or renamed them: for the migrations that made them, and for
 * reverts.
 */

/** Looks for the row of a limit three times in each run. */
export const TAKE_RATE_LIMITS_ONE_BY_ONE = `
-- Counts runs of equal verifications, one run after the other; run_of says which run each limit belongs to, in
-- ascending order. clock_us is for the tests: without it the server's clock counts.
CREATE OR REPLACE FUNCTION take_rate_limits(
  run_of integer[], subjects uuid[], names text[], quotas bigint[], windows_us bigint[], costs bigint[],
  times integer[], clock_us bigint DEFAULT NULL
) RETURNS TABLE (granted integer, noted_at double precision, used double precision[], free_in double precision[])
LANGUAGE plpgsql AS $$
DECLARE
  wanted integer := (SELECT count(DISTINCT (s, n)) FROM unnest(subjects, names) AS u (s, n));
  locked integer;
  moment bigint;
  live bigint[];
  total bigint;
  first integer := 1;
  i integer;
BEGIN
  -- All rows first, in one order for everybody, so that nobody waits in a circle.
  LOOP
    SELECT count(*) INTO locked FROM (
      SELECT FROM rate_limit_hits h
       WHERE (h.subject_id, h.name) IN (SELECT s, n FROM unnest(subjects, names) AS u (s, n))
       ORDER BY h.subject_id, h.name
         FOR NO KEY UPDATE
    ) AS rows;
    EXIT WHEN locked = wanted;
    INSERT INTO rate_limit_hits (subject_id, name, hits, expires_at)
    SELECT DISTINCT s, n, '{}'::bigint[], clock_timestamp() + interval '1 minute'
      FROM unnest(subjects, names) AS u (s, n)
     ORDER BY s, n
        ON CONFLICT DO NOTHING;
  END LOOP;

  -- After the waiting: the order of the times is the order of the locks.
  moment := coalesce(clock_us, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
  noted_at := moment;

  FOR run IN 1 .. cardinality(times) LOOP
    granted := times[run];
    i := first;
    WHILE run_of[i] = run LOOP
      SELECT hits_live(h.hits, moment, windows_us[i]) INTO live
        FROM rate_limit_hits h WHERE h.subject_id = subjects[i] AND h.name = names[i];
      granted := least(granted, greatest(0, (quotas[i] - hits_units(live)) / costs[i]));
      i := i + 1;
    END LOOP;

    used := '{}';
    free_in := '{}';
    i := first;
    WHILE run_of[i] = run LOOP
      SELECT hits_live(h.hits, moment, windows_us[i]) INTO live
        FROM rate_limit_hits h WHERE h.subject_id = subjects[i] AND h.name = names[i];
      IF granted > 0 THEN
        live := hits_with(live, moment, granted * costs[i]);
      END IF;
      -- A refusal writes only what time has changed.
      UPDATE rate_limit_hits h
         SET hits = live, expires_at = to_timestamp((moment + windows_us[i]) / 1000000.0)
       WHERE h.subject_id = subjects[i] AND h.name = names[i]
         AND h.hits IS DISTINCT FROM live;
      total := hits_units(live);
      used := used || total::double precision;
      free_in := free_in
        || greatest(0, hits_free_at(live, total + costs[i] - quotas[i], windows_us[i]) - moment)::double precision;
      i := i + 1;
    END LOOP;
    first := i;
    RETURN NEXT;
  END LOOP;
END
$$;
`;

/** Reads balances that it has not locked. */
export const SPEND_CREDITS_UNLOCKED = `
  CREATE OR REPLACE FUNCTION spend_credits(
     accounts uuid[], key_at integer[], application_at integer[], costs bigint[], times integer[],
     clock timestamptz DEFAULT NULL
   ) RETURNS TABLE (
     granted integer, key_left double precision, application_left double precision, again_in double precision
   )
   LANGUAGE plpgsql AS $$
   DECLARE
     moment timestamptz;
     lefts bigint[];
     spent bigint;
   BEGIN
     -- All rows first, in one order for everybody, so that nobody waits in a circle.
     PERFORM FROM credit_balances b WHERE b.subject_id = ANY (accounts) ORDER BY b.subject_id FOR NO KEY UPDATE;
     -- One moment for all that follows, and after the waiting.
     moment := coalesce(clock, clock_timestamp());
     SELECT array_agg(credits_left(b, moment) ORDER BY a.n) INTO lefts
       FROM unnest(accounts) WITH ORDINALITY AS a (id, n)
       LEFT JOIN credit_balances b ON b.subject_id = a.id;

     FOR run IN 1 .. cardinality(times) LOOP
       granted := times[run];
       IF costs[run] > 0 THEN
         granted := least(granted, lefts[key_at[run]] / costs[run], lefts[application_at[run]] / costs[run]);
       END IF;
       spent := granted * costs[run];
       IF key_at[run] > 0 THEN
         lefts[key_at[run]] := lefts[key_at[run]] - spent;
       END IF;
       IF application_at[run] > 0 THEN
         lefts[application_at[run]] := lefts[application_at[run]] - spent;
       END IF;
       key_left := lefts[key_at[run]];
       application_left := lefts[application_at[run]];
       again_in := NULL;
       IF granted < times[run] THEN
         SELECT extract(epoch FROM max(next_credit_refill(b.refill_interval, b.refill_day, moment)) - moment)
           INTO again_in
           FROM credit_balances b
          WHERE b.subject_id IN (accounts[key_at[run]], accounts[application_at[run]])
            AND lefts[array_position(accounts, b.subject_id)] < costs[run]
         HAVING bool_and(coalesce(b.refill_amount, 0) >= costs[run]);
       END IF;
       RETURN NEXT;
     END LOOP;

     UPDATE credit_balances b
        SET remaining = u.remaining, refilled_at = u.refilled_at
       FROM (SELECT b.subject_id, s.remaining,
                    greatest(b.refilled_at, credit_refill_due(b.refill_interval, b.refill_day, moment)) AS refilled_at
               FROM unnest(accounts, lefts) AS s (id, remaining)
               JOIN credit_balances b ON b.subject_id = s.id) AS u
      WHERE b.subject_id = u.subject_id
        AND (b.remaining, b.refilled_at) IS DISTINCT FROM (u.remaining, u.refilled_at);
   END $$`;

/** Asks of each balance when its refill is due, also where there is none. */
export const SPEND_CREDITS_WITH_ALL_REFILLS = `
-- Spends runs of equal verifications, one run after the other. key_at and application_at point into accounts; 0 is
-- none, and an account without a row sets no bound. again_in is for those that were refused: the seconds until refills
-- will do. clock is for the tests: without it the server's clock counts.
--
-- Only what is locked is spent. Each statement of the function sees what was committed before it, so a balance that
-- takes the place of one which the function was waiting for, or of none, would be read without a lock.
CREATE OR REPLACE FUNCTION spend_credits(
  accounts uuid[], key_at integer[], application_at integer[], costs bigint[], times integer[],
  clock timestamptz DEFAULT NULL
) RETURNS TABLE (
  granted integer, key_left double precision, application_left double precision, again_in double precision
)
LANGUAGE plpgsql AS $$
DECLARE
  locked uuid[];
  moment timestamptz;
  lefts bigint[];
  spent bigint;
BEGIN
  -- All rows first, in one order for everybody, so that nobody waits in a circle.
  LOOP
    SELECT coalesce(array_agg(subject_id), '{}') INTO locked FROM (
      SELECT b.subject_id FROM credit_balances b
       WHERE b.subject_id = ANY (accounts) ORDER BY b.subject_id FOR NO KEY UPDATE
    ) AS rows;
    EXIT WHEN NOT EXISTS (
      SELECT FROM credit_balances b WHERE b.subject_id = ANY (accounts) AND b.subject_id <> ALL (locked));
  END LOOP;
  -- One moment for all that follows, and after the waiting.
  moment := coalesce(clock, clock_timestamp());
  SELECT array_agg(credits_left(b, moment) ORDER BY a.n) INTO lefts
    FROM unnest(accounts) WITH ORDINALITY AS a (id, n)
    LEFT JOIN credit_balances b ON b.subject_id = a.id AND b.subject_id = ANY (locked);

  FOR run IN 1 .. cardinality(times) LOOP
    granted := times[run];
    IF costs[run] > 0 THEN
      granted := least(granted, lefts[key_at[run]] / costs[run], lefts[application_at[run]] / costs[run]);
    END IF;
    spent := granted * costs[run];
    IF key_at[run] > 0 THEN
      lefts[key_at[run]] := lefts[key_at[run]] - spent;
    END IF;
    IF application_at[run] > 0 THEN
      lefts[application_at[run]] := lefts[application_at[run]] - spent;
    END IF;
    key_left := lefts[key_at[run]];
    application_left := lefts[application_at[run]];
    again_in := NULL;
    IF granted < times[run] THEN
      SELECT extract(epoch FROM max(next_credit_refill(b.refill_interval, b.refill_day, moment)) - moment)
        INTO again_in
        FROM credit_balances b
       WHERE b.subject_id IN (accounts[key_at[run]], accounts[application_at[run]])
         AND lefts[array_position(accounts, b.subject_id)] < costs[run]
      HAVING bool_and(coalesce(b.refill_amount, 0) >= costs[run]);
    END IF;
    RETURN NEXT;
  END LOOP;

  UPDATE credit_balances b
     SET remaining = u.remaining, refilled_at = u.refilled_at
    FROM (SELECT b.subject_id, s.remaining,
                 greatest(b.refilled_at, credit_refill_due(b.refill_interval, b.refill_day, moment)) AS refilled_at
            FROM unnest(accounts, lefts) AS s (id, remaining)
            JOIN credit_balances b ON b.subject_id = s.id AND s.remaining IS NOT NULL) AS u
   WHERE b.subject_id = u.subject_id
     AND (b.remaining, b.refilled_at) IS DISTINCT FROM (u.remaining, u.refilled_at);
END
$$;
`;

/** The former name of `reserve_key_quota`: nodes of the version before still call it. */
export const TAKE_TURN_TO_ISSUE = `
-- Reserves room for new keys of an application; returns the code of the refusal, or null. Until the transaction ends,
-- nobody else issues keys of the application.
--
-- A function, because each of its statements sees what was committed before it: in a single statement the count would
-- be older than the lock.
CREATE OR REPLACE FUNCTION take_turn_to_issue(application uuid, keys integer, most_active integer, at timestamptz)
RETURNS text LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  bound  integer;
  active integer;
BEGIN
  LOOP
    UPDATE application_key_counts SET unrevoked = unrevoked + keys WHERE application_id = application
      RETURNING unrevoked INTO bound;
    EXIT WHEN FOUND;
    PERFORM FROM applications WHERE id = application AND deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN 'application_not_found'; END IF;
    INSERT INTO application_key_counts (application_id, unrevoked)
      SELECT application, count(*) FROM api_keys WHERE application_id = application AND revoked_at IS NULL
      ON CONFLICT DO NOTHING;
  END LOOP;
  IF bound <= most_active THEN RETURN NULL; END IF;

  SELECT count(*), count(*) FILTER (WHERE enabled AND (expires_at IS NULL OR expires_at > at))
    INTO bound, active
    FROM api_keys WHERE application_id = application AND revoked_at IS NULL;
  IF active + keys > most_active THEN
    UPDATE application_key_counts SET unrevoked = bound WHERE application_id = application;
    RETURN 'api_key_limit_reached';
  END IF;
  UPDATE application_key_counts SET unrevoked = bound + keys WHERE application_id = application;
  RETURN NULL;
END
$$;
`;

/** The former name of `reserve_activation_quota`: nodes of the version before still call it. */
export const TAKE_TURN_TO_ACTIVATE = `
-- Reserves room for a key before a change that may make it one that is enabled and works until a moment; returns the
-- code of the refusal, or null. What is judged is judged after the lock, and at one moment.
CREATE OR REPLACE FUNCTION take_turn_to_activate(key uuid, application uuid, most_active integer, until timestamptz)
RETURNS text LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  no_limit CONSTANT integer := 2147483647;
  refusal  text := take_turn_to_issue(application, 0, no_limit, clock_timestamp());
  at       timestamptz := clock_timestamp();
BEGIN
  IF refusal IS NOT NULL THEN RETURN refusal; END IF;
  IF until <= at THEN RETURN NULL; END IF;
  PERFORM FROM api_keys
    WHERE id = key AND revoked_at IS NULL AND enabled AND (expires_at IS NULL OR expires_at > at);
  IF FOUND THEN RETURN NULL; END IF;
  RETURN take_turn_to_issue(application, 1, most_active, at);
END
$$;
`;

/** Tells nobody of a changed policy. */
export const WEBHOOK_EVENT_TYPE_WITHOUT_POLICY = `
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
    WHEN 'ApplicationOwnerChanged' THEN 'application.owner_changed'
    WHEN 'ApplicationLimitsChanged' THEN 'application.limits_changed'
    WHEN 'ApplicationDeleted' THEN 'application.deleted'
    WHEN 'CreditsChanged' THEN
      CASE event -> 'target' ->> 'kind' WHEN 'api_key' THEN 'key.changed' ELSE 'application.credits_changed' END
  END
$$;
`;
