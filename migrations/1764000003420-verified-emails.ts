import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When somebody showed that they read the mail of their account. */
export class VerifiedEmails1764000003420 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users ADD COLUMN email_verified_at timestamptz(3)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users DROP COLUMN email_verified_at');
  }
}
