import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** Counts the keys that are issued for an application on one day. */
export class KeysPerDay1764000003310 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Null for not counted yet: who issues next counts those of the day.
    await queryRunner.query(`
      ALTER TABLE application_key_counts
        ADD COLUMN issued_on date,
        ADD COLUMN issued    integer NOT NULL DEFAULT 0`);
    await queryRunner.query(sqlFunction('api-keys/reserve_issue_quota', 'd374dba77c92046b'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION reserve_issue_quota');
    await queryRunner.query('ALTER TABLE application_key_counts DROP COLUMN issued_on, DROP COLUMN issued');
  }
}
