import type { MigrationInterface, QueryRunner } from 'typeorm';

/** That a secret was found where others can read it, and where. */
export class LeakedSecrets1764000004000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE api_key_secrets
        ADD COLUMN leaked_at timestamptz(3),
        ADD COLUMN leaked_from text,
        ADD CONSTRAINT api_key_secrets_leaked_from CHECK (char_length(leaked_from) <= 500)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE api_key_secrets DROP COLUMN leaked_at, DROP COLUMN leaked_from');
  }
}
