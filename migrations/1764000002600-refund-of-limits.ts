import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** A standard word for it. The former function stays for nodes of the version before, which still call it. */
export class RefundOfLimits1764000002600 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(sqlFunction('metering/refund_rate_limits', '9fb500b2251ae442'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION refund_rate_limits');
  }
}
