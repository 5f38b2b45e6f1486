import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Members1764000000600 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE application_members (
        id             uuid           PRIMARY KEY,
        application_id uuid           NOT NULL,
        -- An (issuer, subject) and no foreign key, as owners are: people of other identity providers are members too.
        issuer         text           NOT NULL,
        subject        text           NOT NULL,
        role           text           NOT NULL,
        created_at     timestamptz(3) NOT NULL,
        updated_at     timestamptz(3) NOT NULL,
        CONSTRAINT application_members_application
          FOREIGN KEY (application_id) REFERENCES applications (id) ON DELETE CASCADE,
        -- Finds somebody's role, and all members of an application, of whom there are few.
        CONSTRAINT application_members_once UNIQUE (application_id, issuer, subject),
        CONSTRAINT application_members_role CHECK (role IN ('owner', 'admin', 'viewer')),
        CONSTRAINT application_members_person CHECK (issuer <> '' AND subject <> '')
      )`);
    // Every application has had one owner so far. The owner has been there as long as the application, so its id
    // puts their membership where it belongs in the order of ids.
    await queryRunner.query(`
      INSERT INTO application_members (id, application_id, issuer, subject, role, created_at, updated_at)
        SELECT id, id, owner_issuer, owner_subject, 'owner', created_at, created_at
          FROM applications WHERE deleted_at IS NULL`);
    // Serves GET /applications: one person's, newest first. A deleted application has no members.
    await queryRunner.query(`
      CREATE INDEX application_members_of_person ON application_members (issuer, subject, application_id DESC)`);
    // The list of applications asks for members now.
    await queryRunner.query('DROP INDEX applications_of_owner');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE INDEX applications_of_owner ON applications (owner_issuer, owner_subject, id DESC)
        WHERE deleted_at IS NULL`);
    await queryRunner.query('DROP TABLE application_members');
  }
}
