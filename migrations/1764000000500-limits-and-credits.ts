import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LimitsAndCredits1764000000500 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...RATE_LIMITS, ...CREDITS]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of [
      'spend_credits',
      'credits_left',
      'next_credit_refill',
      'credit_refill_due',
      'credit_refill_in',
      'give_back_rate_limits',
      'take_rate_limits',
      'hits_free_at',
      'hits_without',
      'hits_with',
      'hits_units',
      'hits_live',
    ]) {
      await queryRunner.query(`DROP FUNCTION ${name}`);
    }
    await queryRunner.query('DROP TABLE credit_balances');
    await queryRunner.query('DROP TABLE rate_limit_hits');
  }
}

/*
 * The log of one limit is an array of triplets (first, last, units), oldest first, in microseconds since the epoch:
 * what src/modules/api-keys/domain/hit-log.ts describes, for RATE_LIMIT_STORE=postgres. The two change together.
 */
const RATE_LIMITS = [
  `CREATE UNLOGGED TABLE rate_limit_hits (
     -- A key's, or an application's: no foreign key, because what is counted here is worth nothing after the window.
     -- For the same reason the table is unlogged: after a crash of the database all windows begin anew.
     subject_id uuid        NOT NULL,
     name       text        NOT NULL,
     hits       bigint[]    NOT NULL,
     -- No index: every count would have to change it, and lose the in-place (HOT) update.
     expires_at timestamptz NOT NULL,
     PRIMARY KEY (subject_id, name)
   ) WITH (fillfactor = 50)`,

  // What is still in the window. A clock that went back is taken to have stood still since the last hit.
  `CREATE FUNCTION hits_live(hits bigint[], moment bigint, window_us bigint) RETURNS bigint[]
   LANGUAGE plpgsql IMMUTABLE AS $$
   DECLARE
     ahead bigint := coalesce(hits[cardinality(hits) - 1], moment) - moment;
     oldest integer := 1;
   BEGIN
     IF ahead > 0 THEN
       FOR i IN 1 .. cardinality(hits) BY 3 LOOP
         hits[i] := hits[i] - ahead;
         hits[i + 1] := hits[i + 1] - ahead;
       END LOOP;
     END IF;
     WHILE hits[oldest + 1] <= moment - window_us LOOP
       oldest := oldest + 3;
     END LOOP;
     RETURN hits[oldest:];
   END $$`,

  `CREATE FUNCTION hits_units(hits bigint[]) RETURNS bigint
   LANGUAGE plpgsql IMMUTABLE AS $$
   DECLARE
     total bigint := 0;
   BEGIN
     FOR i IN 3 .. cardinality(hits) BY 3 LOOP
       total := total + hits[i];
     END LOOP;
     RETURN total;
   END $$`,

  // Adds units; a 65th triplet joins the two neighbours that lie closest together.
  `CREATE FUNCTION hits_with(hits bigint[], moment bigint, units bigint) RETURNS bigint[]
   LANGUAGE plpgsql IMMUTABLE AS $$
   DECLARE
     size integer := cardinality(hits);
     shortest bigint;
     closest integer;
   BEGIN
     IF hits[size - 1] = moment THEN
       hits[size] := hits[size] + units;
       RETURN hits;
     END IF;
     hits := hits || ARRAY[moment, moment, units];
     IF size < 64 * 3 THEN
       RETURN hits;
     END IF;
     FOR i IN 1 .. size BY 3 LOOP
       IF shortest IS NULL OR hits[i + 4] - hits[i] < shortest THEN
         shortest := hits[i + 4] - hits[i];
         closest := i;
       END IF;
     END LOOP;
     RETURN hits[:closest] || ARRAY[hits[closest + 4], hits[closest + 2] + hits[closest + 5]] || hits[closest + 6:];
   END $$`,

  // Takes back units that were added at a moment; what has left the window stays so.
  `CREATE FUNCTION hits_without(hits bigint[], moment bigint, units bigint) RETURNS bigint[]
   LANGUAGE plpgsql IMMUTABLE AS $$
   BEGIN
     FOR i IN 1 .. cardinality(hits) BY 3 LOOP
       IF moment BETWEEN hits[i] AND hits[i + 1] THEN
         IF hits[i + 2] <= units THEN
           RETURN hits[:i - 1] || hits[i + 3:];
         END IF;
         hits[i + 2] := hits[i + 2] - units;
         RETURN hits;
       END IF;
     END LOOP;
     RETURN hits;
   END $$`,

  // When so many units, or the oldest, will have left the window; null when there are none.
  `CREATE FUNCTION hits_free_at(hits bigint[], excess bigint, window_us bigint) RETURNS bigint
   LANGUAGE plpgsql IMMUTABLE AS $$
   DECLARE
     freed bigint := 0;
   BEGIN
     FOR i IN 1 .. cardinality(hits) BY 3 LOOP
       freed := freed + hits[i + 2];
       IF freed >= excess THEN
         RETURN hits[i + 1] + window_us;
       END IF;
     END LOOP;
     RETURN NULL;
   END $$`,

  // Runs of equal verifications, one after the other; run_of says which run each limit belongs to, in ascending
  // order. clock_us is for the tests: without it the server's clock counts.
  `CREATE FUNCTION take_rate_limits(
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
   END $$`,

  `CREATE FUNCTION give_back_rate_limits(subjects uuid[], names text[], units bigint[], moment bigint) RETURNS void
   LANGUAGE plpgsql AS $$
   BEGIN
     PERFORM FROM rate_limit_hits h
       WHERE (h.subject_id, h.name) IN (SELECT s, n FROM unnest(subjects, names) AS u (s, n))
       ORDER BY h.subject_id, h.name
         FOR NO KEY UPDATE;
     UPDATE rate_limit_hits h
        SET hits = hits_without(h.hits, moment, u.k)
       FROM unnest(subjects, names, units) AS u (s, n, k)
      WHERE h.subject_id = u.s AND h.name = u.n;
   END $$`,
];

const CREDITS = [
  `CREATE TABLE credit_balances (
     -- A key's, or an application's; no foreign key for two tables, and the rows of both stay for good.
     -- Apart from them, because this row changes with every verification.
     subject_id      uuid        PRIMARY KEY,
     subject_kind    text        NOT NULL,
     remaining       bigint      NOT NULL,
     refill_amount   bigint,
     refill_interval text,
     refill_day      smallint,
     -- Refills that were due up to here are done with.
     refilled_at     timestamptz NOT NULL,
     CONSTRAINT credit_balances_subject_kind CHECK (subject_kind IN ('key', 'application')),
     -- More is never spent than was there, and a JSON number holds it exactly.
     CONSTRAINT credit_balances_remaining CHECK (remaining BETWEEN 0 AND 9007199254740991),
     CONSTRAINT credit_balances_refill_amount CHECK (refill_amount BETWEEN 1 AND 9007199254740991),
     CONSTRAINT credit_balances_refill_interval CHECK (refill_interval IN ('daily', 'monthly')),
     CONSTRAINT credit_balances_refill CHECK ((refill_amount IS NULL) = (refill_interval IS NULL)),
     CONSTRAINT credit_balances_refill_day CHECK (
       CASE WHEN refill_interval = 'monthly' THEN refill_day IS NOT NULL AND refill_day BETWEEN 1 AND 31
            ELSE refill_day IS NULL END)
   ) WITH (fillfactor = 50)`,

  // The 00:00 of a monthly refill; in a short month the last day stands for the 31st.
  `CREATE FUNCTION credit_refill_in(month timestamp, on_day smallint) RETURNS timestamp
   LANGUAGE sql IMMUTABLE AS $$
     SELECT month + make_interval(days =>
       least(on_day, extract(day FROM month + interval '1 month' - interval '1 day')::integer) - 1)
   $$`,

  // The latest refill that was due up to a moment; null without a refill.
  `CREATE FUNCTION credit_refill_due(every text, on_day smallint, moment timestamptz) RETURNS timestamptz
   LANGUAGE sql IMMUTABLE AS $$
     SELECT CASE every
       WHEN 'daily' THEN date_trunc('day', utc)
       WHEN 'monthly' THEN CASE WHEN credit_refill_in(month, on_day) <= utc THEN credit_refill_in(month, on_day)
                                ELSE credit_refill_in(month - interval '1 month', on_day) END
     END AT TIME ZONE 'UTC'
     FROM (SELECT moment AT TIME ZONE 'UTC', date_trunc('month', moment AT TIME ZONE 'UTC')) AS now (utc, month)
   $$`,

  // The first refill after a moment; null without a refill.
  `CREATE FUNCTION next_credit_refill(every text, on_day smallint, moment timestamptz) RETURNS timestamptz
   LANGUAGE sql IMMUTABLE AS $$
     SELECT CASE every
       WHEN 'daily' THEN date_trunc('day', utc) + interval '1 day'
       WHEN 'monthly' THEN CASE WHEN credit_refill_in(month, on_day) > utc THEN credit_refill_in(month, on_day)
                                ELSE credit_refill_in(month + interval '1 month', on_day) END
     END AT TIME ZONE 'UTC'
     FROM (SELECT moment AT TIME ZONE 'UTC', date_trunc('month', moment AT TIME ZONE 'UTC')) AS now (utc, month)
   $$`,

  // What can be spent at a moment: a refill that is due fills up, and never takes away.
  `CREATE FUNCTION credits_left(balance credit_balances, moment timestamptz) RETURNS bigint
   LANGUAGE sql IMMUTABLE AS $$
     SELECT CASE
       WHEN credit_refill_due(balance.refill_interval, balance.refill_day, moment) > balance.refilled_at
       THEN greatest(balance.remaining, balance.refill_amount)
       ELSE balance.remaining
     END
   $$`,

  // Runs of equal verifications, one after the other. key_at and application_at point into accounts; 0 is none, and an
  // account without a row sets no bound. again_in is for those that were refused: the seconds until refills will do.
  // clock is for the tests: without it the server's clock counts.
  `CREATE FUNCTION spend_credits(
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
   END $$`,
];
