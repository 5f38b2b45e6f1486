import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of a key that was shown to another application, its own is not told what that one calls its request. */
export class DenialsOfStrangers1764000003720 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE denials ALTER COLUMN request_id DROP NOT NULL');
    await queryRunner.query(
      'UPDATE denials SET request_id = NULL, address = NULL WHERE caller_address IS NULL',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("UPDATE denials SET request_id = '' WHERE request_id IS NULL");
    await queryRunner.query('ALTER TABLE denials ALTER COLUMN request_id SET NOT NULL');
  }
}
