import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DeclaredScopes1764000000900 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Null: any scope may stand on a key.
    await queryRunner.query(`
      ALTER TABLE applications
        ADD COLUMN scopes text[],
        ADD CONSTRAINT applications_scopes CHECK (cardinality(scopes) <= 100)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE applications DROP COLUMN scopes');
  }
}
