import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** An imported key is its application's alone: others may have imported the same. */
export class ImportsOfApplications1764000003210 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE api_key_secrets ADD COLUMN imported_for uuid');
    // Nodes keep nothing in memory that this changes.
    await queryRunner.query('ALTER TABLE api_key_secrets DISABLE TRIGGER api_key_secrets_update_is_a_change');
    await queryRunner.query(`
      UPDATE api_key_secrets SET imported_for = application_id FROM api_keys
       WHERE api_keys.id = api_key_id AND imported`);
    await queryRunner.query('ALTER TABLE api_key_secrets ENABLE TRIGGER api_key_secrets_update_is_a_change');
    await queryRunner.query(
      'ALTER TABLE api_key_secrets ADD CONSTRAINT api_key_secrets_imported_for CHECK (imported = (imported_for IS NOT NULL))',
    );
    // Those that were made here are for no application, and unique as before.
    await queryRunner.query('ALTER TABLE api_key_secrets DROP CONSTRAINT api_key_secrets_hash');
    await queryRunner.query(
      'CREATE UNIQUE INDEX api_key_secrets_hash ON api_key_secrets (hash, imported_for) NULLS NOT DISTINCT',
    );
    // Says which applications have imported keys, without reading the table.
    await queryRunner.query(
      'CREATE INDEX api_key_secrets_imported_for ON api_key_secrets (imported_for) WHERE imported_for IS NOT NULL',
    );
    await queryRunner.query(sqlFunction('api-keys/name_importing_application', '5d583bd2e25f3791'));
    await queryRunner.query(`
      CREATE TRIGGER api_key_secrets_import_names_application BEFORE INSERT ON api_key_secrets
        FOR EACH ROW WHEN (NEW.imported AND NEW.imported_for IS NULL)
        EXECUTE FUNCTION name_importing_application()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TRIGGER api_key_secrets_import_names_application ON api_key_secrets');
    await queryRunner.query('DROP FUNCTION name_importing_application');
    // What was written before has one key of each hash: the first that was imported stays.
    await queryRunner.query(`
      WITH lost AS (
        DELETE FROM api_key_secrets later USING api_key_secrets first
         WHERE later.hash = first.hash AND (later.created_at, later.id) > (first.created_at, first.id)
        RETURNING later.id, later.api_key_id
      )
      DELETE FROM api_keys
       WHERE id IN (SELECT api_key_id FROM lost)
         AND NOT EXISTS (SELECT FROM api_key_secrets
                          WHERE api_key_id = api_keys.id AND id NOT IN (SELECT id FROM lost))`);
    // The triggers of the deletion are deferred, and the table cannot be altered before they have run.
    await queryRunner.query('SET CONSTRAINTS ALL IMMEDIATE');
    await queryRunner.query('DROP INDEX api_key_secrets_hash');
    await queryRunner.query('ALTER TABLE api_key_secrets ADD CONSTRAINT api_key_secrets_hash UNIQUE (hash)');
    // The indexes and the check of the column go with it.
    await queryRunner.query('ALTER TABLE api_key_secrets DROP COLUMN imported_for');
  }
}
