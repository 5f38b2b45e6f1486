import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeyUsage1764000000450 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Apart from api_keys: it is rewritten every second for a key in use, and is no change to the key.
    await queryRunner.query(`
      CREATE TABLE api_key_usage (
        api_key_id   uuid           PRIMARY KEY,
        last_used_at timestamptz(3) NOT NULL,
        CONSTRAINT api_key_usage_key FOREIGN KEY (api_key_id) REFERENCES api_keys (id) ON DELETE CASCADE
      ) WITH (fillfactor = 70)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE api_key_usage');
  }
}
