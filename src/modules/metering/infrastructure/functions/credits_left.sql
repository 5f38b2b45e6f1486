-- Returns what can be spent at a moment: a refill that is due fills up, and never takes away.
CREATE OR REPLACE FUNCTION credits_left(balance credit_balances, moment timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE
  WHEN credit_refill_due(balance.refill_interval, balance.refill_day, moment) > balance.refilled_at
  THEN greatest(balance.remaining, balance.refill_amount)
  ELSE balance.remaining
END
$$;
