import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SPEND_CREDITS_UNLOCKED, SPEND_CREDITS_WITH_ALL_REFILLS } from './former-functions.js';

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
    await queryRunner.query(SPEND_CREDITS_UNLOCKED);
  }
}
