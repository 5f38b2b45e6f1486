import type { MigrationInterface, QueryRunner } from 'typeorm';
import { TAKE_TURN_TO_ACTIVATE } from './former-functions.js';

/** Whatever makes a key active takes the same quota as issuing one. */
export class TurnsToActivate1764000002410 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(TAKE_TURN_TO_ACTIVATE);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION take_turn_to_activate');
  }
}
