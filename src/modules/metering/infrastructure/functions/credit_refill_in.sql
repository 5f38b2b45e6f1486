-- Returns the 00:00 of a monthly refill; in a short month the last day stands for the 31st.
CREATE OR REPLACE FUNCTION credit_refill_in(month timestamp, on_day smallint) RETURNS timestamp
LANGUAGE sql IMMUTABLE AS $$
SELECT month + make_interval(days =>
  least(on_day, extract(day FROM month + interval '1 month' - interval '1 day')::integer) - 1)
$$;
