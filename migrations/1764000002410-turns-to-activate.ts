import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** Whatever makes a key active takes the same quota as issuing one. */
export class TurnsToActivate1764000002410 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(sqlFunction('api-keys/take_turn_to_activate', '145e7123b4a8e69c'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION take_turn_to_activate');
  }
}
