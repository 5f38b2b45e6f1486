import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SPEND_CREDITS_WITH_ALL_REFILLS, TAKE_RATE_LIMITS_ONE_BY_ONE } from './former-functions.js';
import { sqlFunction } from './sql-function.js';

/**
 * The same, for half of PostgreSQL's time: rows are read once, when they are locked, and written in one statement; and
 * nobody asks when the next refill of a balance without refills is due.
 */
export class CheaperMetering1764000002800 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(sqlFunction('metering/take_rate_limits', '2af486f4539b1f55'));
    await queryRunner.query(sqlFunction('metering/spend_credits', 'ab3c721424cc6170'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(TAKE_RATE_LIMITS_ONE_BY_ONE);
    await queryRunner.query(SPEND_CREDITS_WITH_ALL_REFILLS);
  }
}
