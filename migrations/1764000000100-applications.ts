import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Applications1764000000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE applications (
        id            uuid           PRIMARY KEY,
        name          text           NOT NULL,
        description   text,
        environment   text           NOT NULL,
        -- An (issuer, subject) and no foreign key: people of other identity providers own applications too.
        owner_issuer  text           NOT NULL,
        owner_subject text           NOT NULL,
        created_at    timestamptz(3) NOT NULL,
        updated_at    timestamptz(3) NOT NULL,
        -- The row stays, so that verification can say REVOKED for the keys of a deleted application.
        deleted_at    timestamptz(3),
        version       integer        NOT NULL,
        CONSTRAINT applications_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
        CONSTRAINT applications_description_length CHECK (char_length(description) <= 1000),
        CONSTRAINT applications_environment CHECK (environment IN ('production', 'staging', 'development')),
        CONSTRAINT applications_owner CHECK (owner_issuer <> '' AND owner_subject <> '')
      )`);
    // Serves GET /applications: one owner's, newest first.
    await queryRunner.query(`
      CREATE INDEX applications_of_owner ON applications (owner_issuer, owner_subject, id DESC)
        WHERE deleted_at IS NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE applications');
  }
}
