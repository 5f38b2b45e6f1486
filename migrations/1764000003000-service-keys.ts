import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Service keys: credentials of machines, of an application or, without one, of the platform. */
export class ServiceKeys1764000003000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE api_keys
        ALTER COLUMN application_id DROP NOT NULL,
        DROP CONSTRAINT api_keys_environment,
        ADD CONSTRAINT api_keys_environment CHECK (environment IN ('live', 'test', 'service')),
        ADD CONSTRAINT api_keys_of_somebody CHECK (application_id IS NOT NULL OR environment = 'service')`);
    // An application has a few of them among a great many keys.
    await queryRunner.query(`
      CREATE INDEX api_keys_for_services ON api_keys (application_id, id DESC) WHERE environment = 'service'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // What was written before knows none of them, and would take them for keys that are handed out.
    await queryRunner.query(`DELETE FROM api_keys WHERE environment = 'service'`);
    // The triggers of the deletion are deferred, and the table cannot be altered before they have run.
    await queryRunner.query('SET CONSTRAINTS ALL IMMEDIATE');
    await queryRunner.query('DROP INDEX api_keys_for_services');
    await queryRunner.query(`
      ALTER TABLE api_keys
        DROP CONSTRAINT api_keys_of_somebody,
        DROP CONSTRAINT api_keys_environment,
        ADD CONSTRAINT api_keys_environment CHECK (environment IN ('live', 'test')),
        ALTER COLUMN application_id SET NOT NULL`);
  }
}
