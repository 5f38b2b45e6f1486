import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ApplicationsOfDay1764000004700 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // How many somebody has created lately, deleted ones among them.
    await queryRunner.query(
      'CREATE INDEX applications_of_owner_by_day ON applications (owner_issuer, owner_subject, created_at)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX applications_of_owner_by_day');
  }
}
