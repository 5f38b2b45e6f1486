import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** For the statement that issues keys together, which judges them by the policy of its moment. */
export class CurrentPolicy1764000003810 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(sqlFunction('applications/current_policy', 'abded324db0c97a1'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION current_policy');
  }
}
