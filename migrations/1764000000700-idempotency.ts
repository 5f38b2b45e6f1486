import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Answers that can be given again: docs/decisions/0007-idempotent-answers.md. */
export class Idempotency1764000000700 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE idempotent_answers (
        -- Made of the caller, the route and their Idempotency-Key; nothing leads back.
        id             bytea          PRIMARY KEY,
        -- AES-256-GCM, under a key that is stored nowhere.
        sealed         bytea          NOT NULL,
        pepper_version smallint       NOT NULL,
        expires_at     timestamptz(3) NOT NULL,
        CONSTRAINT idempotent_answers_id_length CHECK (octet_length(id) = 32),
        -- Salt, nonce and tag at the least; never a whole document.
        CONSTRAINT idempotent_answers_sealed_length CHECK (octet_length(sealed) BETWEEN 44 AND 4096)
      )`);
    // Serves the purge.
    await queryRunner.query('CREATE INDEX idempotent_answers_by_expiry ON idempotent_answers (expires_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE idempotent_answers');
  }
}
