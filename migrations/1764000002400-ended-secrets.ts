import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the secrets of a key that work, however many have ended, and those that ended long ago. */
export class EndedSecrets1764000002400 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX api_key_secrets_of_key');
    await queryRunner.query(
      'CREATE INDEX api_key_secrets_of_key ON api_key_secrets (api_key_id, revoked_at, expires_at)',
    );
    // They hold only what a rotation has ended, so that issuing need not write them.
    await queryRunner.query(
      'CREATE INDEX api_key_secrets_revoked ON api_key_secrets (revoked_at) WHERE revoked_at IS NOT NULL',
    );
    await queryRunner.query(
      'CREATE INDEX api_key_secrets_dated ON api_key_secrets (expires_at) WHERE expires_at IS NOT NULL',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'DROP INDEX api_key_secrets_dated, api_key_secrets_revoked, api_key_secrets_of_key',
    );
    await queryRunner.query('CREATE INDEX api_key_secrets_of_key ON api_key_secrets (api_key_id)');
  }
}
