import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ImportedKeys1764000000800 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Such a secret was made elsewhere: its hash is the HMAC of the plaintext's SHA-256.
    await queryRunner.query('ALTER TABLE api_key_secrets ADD COLUMN imported boolean NOT NULL DEFAULT false');
    // Somebody may have asked for it before it was imported, and nodes may remember that it was unknown.
    await queryRunner.query(`
      CREATE CONSTRAINT TRIGGER api_key_secrets_import_is_a_change AFTER INSERT ON api_key_secrets
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.imported)
        EXECUTE FUNCTION freshness_changed('imported_key', 'api_key_id')`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TRIGGER api_key_secrets_import_is_a_change ON api_key_secrets');
    await queryRunner.query('ALTER TABLE api_key_secrets DROP COLUMN imported');
  }
}
