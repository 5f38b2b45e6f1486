import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SecretUsage1764000004300 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Apart from api_key_secrets, as api_key_usage is from api_keys: it is no change to the secret.
    await queryRunner.query(`
      CREATE TABLE api_key_secret_usage (
        secret_id      uuid           PRIMARY KEY,
        last_used_at   timestamptz(3) NOT NULL,
        last_used_from text,
        CONSTRAINT api_key_secret_usage_secret
          FOREIGN KEY (secret_id) REFERENCES api_key_secrets (id) ON DELETE CASCADE
      ) WITH (fillfactor = 70)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE api_key_secret_usage');
  }
}
