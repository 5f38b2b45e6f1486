import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** The functions get a standard name. The former ones stay for nodes of the version before, which still call them. */
export class KeyQuotas1764000002650 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(sqlFunction('api-keys/reserve_key_quota', '9ee2656681482503'));
    await queryRunner.query(sqlFunction('api-keys/reserve_activation_quota', '0a17e6324e7afc34'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION reserve_activation_quota');
    await queryRunner.query('DROP FUNCTION reserve_key_quota');
  }
}
