import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Offers1764000003300 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE application_offers (
        id                 uuid           PRIMARY KEY,
        application_id     uuid           NOT NULL,
        kind               text           NOT NULL,
        role               text           NOT NULL,
        -- An (issuer, subject) and no foreign key, as members are.
        issuer             text           NOT NULL,
        subject            text           NOT NULL,
        created_by_issuer  text           NOT NULL,
        created_by_subject text           NOT NULL,
        created_at         timestamptz(3) NOT NULL,
        expires_at         timestamptz(3) NOT NULL,
        CONSTRAINT application_offers_application
          FOREIGN KEY (application_id) REFERENCES applications (id) ON DELETE CASCADE,
        -- Whatever is offered to somebody takes the place of what was offered before. Finds those of an application.
        CONSTRAINT application_offers_once UNIQUE (application_id, issuer, subject),
        CONSTRAINT application_offers_terms CHECK (
          kind = 'membership' AND role IN ('owner', 'admin', 'viewer') OR kind = 'transfer' AND role = 'owner'),
        CONSTRAINT application_offers_receiver CHECK (issuer <> '' AND subject <> ''),
        CONSTRAINT application_offers_expiry CHECK (expires_at > created_at)
      )`);
    // Serves GET /applications/offers: those to one person, newest first.
    await queryRunner.query(
      'CREATE INDEX application_offers_to_person ON application_offers (issuer, subject, id DESC)',
    );
    await queryRunner.query('CREATE INDEX application_offers_expires_at ON application_offers (expires_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE application_offers');
  }
}
