import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SPEND_CREDITS_WITH_ALL_REFILLS } from './former-functions.js';

/**
 * Spends only what is locked. Each statement of the function sees what was committed before it. So a balance that was
 * put in the place of one which the function was waiting for, or of none, was read without a lock: two calls could
 * spend the same credits, or one could spend none.
 */
export class LockedBalances1764000002420 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(SPEND_CREDITS_WITH_ALL_REFILLS);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(UNLOCKED);
  }
}

/** As it was. */
const UNLOCKED = `
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
