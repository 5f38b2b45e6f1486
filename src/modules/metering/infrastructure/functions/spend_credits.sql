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
  balances credit_balances[];
  moment timestamptz;
  lefts bigint[];
  spent bigint;
BEGIN
  -- All rows first, in one order for everybody, so that nobody waits in a circle.
  LOOP
    SELECT array_agg(balance) INTO balances FROM (
      SELECT b AS balance FROM credit_balances b
       WHERE b.subject_id = ANY (accounts) ORDER BY b.subject_id FOR NO KEY UPDATE
    ) AS locked;
    EXIT WHEN cardinality(balances) = cardinality(accounts) OR NOT EXISTS (
      SELECT FROM credit_balances b
       WHERE b.subject_id = ANY (accounts) AND b.subject_id NOT IN (SELECT subject_id FROM unnest(balances)));
  END LOOP;
  -- One moment for all that follows, and after the waiting.
  moment := coalesce(clock, clock_timestamp());
  -- Most balances have no refill: to ask when one is due takes longer than everything else.
  SELECT array_agg(CASE WHEN b.refill_interval IS NULL THEN b.remaining ELSE credits_left(b, moment) END ORDER BY a.n)
    INTO lefts
    FROM unnest(accounts) WITH ORDINALITY AS a (id, n)
    LEFT JOIN unnest(balances) AS b ON b.subject_id = a.id;

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
     SET remaining = s.remaining,
         refilled_at = CASE WHEN b.refill_interval IS NULL THEN b.refilled_at
                            ELSE greatest(b.refilled_at, credit_refill_due(b.refill_interval, b.refill_day, moment)) END
    FROM unnest(accounts, lefts) AS s (id, remaining)
   WHERE b.subject_id = s.id AND s.remaining IS NOT NULL
     AND (b.remaining <> s.remaining
          OR b.refill_interval IS NOT NULL
             AND credit_refill_due(b.refill_interval, b.refill_day, moment) > b.refilled_at);
END
$$;
