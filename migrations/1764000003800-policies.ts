import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an application demands of its keys. */
export class Policies1764000003800 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Null: nobody has set one.
    await queryRunner.query(`
      ALTER TABLE applications
        ADD COLUMN policy jsonb,
        ADD CONSTRAINT applications_policy CHECK (jsonb_typeof(policy) = 'object')`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE applications DROP COLUMN policy');
  }
}
