import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SPEND_CREDITS_UNLOCKED, TAKE_RATE_LIMITS_ONE_BY_ONE } from './former-functions.js';
import { sqlFunction } from './sql-function.js';

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

  sqlFunction('metering/hits_live', '2ad7a5ce81639470'),
  sqlFunction('metering/hits_units', '322d3a99ea0a5b5c'),
  sqlFunction('metering/hits_with', '56c118c43c332213'),
  sqlFunction('metering/hits_without', '354334f49c2a5470'),
  sqlFunction('metering/hits_free_at', 'dbc39835ba97211d'),
  TAKE_RATE_LIMITS_ONE_BY_ONE,

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

  sqlFunction('metering/credit_refill_in', 'd2251a5f327d9800'),
  sqlFunction('metering/credit_refill_due', '95abd2e4fa33f6d6'),
  sqlFunction('metering/next_credit_refill', '49efa14db465454f'),
  sqlFunction('metering/credits_left', 'acdc8849420025fd'),

  SPEND_CREDITS_UNLOCKED,
];
