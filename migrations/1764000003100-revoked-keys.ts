import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the keys that were revoked long ago. */
export class RevokedKeys1764000003100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX api_keys_revoked');
  }
}
