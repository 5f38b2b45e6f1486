import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ApplicationsOfDay1764000004700 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE applications ADD creator_issuer text, ADD creator_subject text');
    // How many somebody has created lately, deleted ones and those handed on among them.
    await queryRunner.query(
      'CREATE INDEX applications_of_creator_by_day ON applications (creator_issuer, creator_subject, created_at)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX applications_of_creator_by_day');
    await queryRunner.query('ALTER TABLE applications DROP creator_issuer, DROP creator_subject');
  }
}
