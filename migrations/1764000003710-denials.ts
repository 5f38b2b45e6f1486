import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why verifications were refused lately. */
export class Denials1764000003710 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Of a key, or of an application for what was shown and is no key of it; their ids are the ring's.
    await queryRunner.query(`
      CREATE TABLE denial_rings (
        id         uuid           PRIMARY KEY,
        written    bigint         NOT NULL,
        written_at timestamptz(3) NOT NULL
      )`);
    // A ring has so many places, and the next denial takes that of the oldest. Without foreign keys: a ring is worth a
    // look also when its key was deleted, and ends by itself.
    await queryRunner.query(`
      CREATE TABLE denials (
        ring_id        uuid           NOT NULL,
        slot           smallint       NOT NULL,
        id             uuid           NOT NULL,
        application_id uuid           NOT NULL,
        api_key_id     uuid,
        at             timestamptz(3) NOT NULL,
        verdict        text           NOT NULL,
        cause          text           NOT NULL,
        request_id     text           NOT NULL,
        address        text,
        caller_address text,
        repeated       integer        NOT NULL,
        details        jsonb          NOT NULL,
        CONSTRAINT denials_pkey PRIMARY KEY (ring_id, slot),
        CONSTRAINT denials_slot CHECK (slot BETWEEN 0 AND 99)
      ) WITH (fillfactor = 90)`);
    await queryRunner.query('CREATE UNIQUE INDEX denials_of_application ON denials (application_id, id)');
    await queryRunner.query('CREATE INDEX denials_at ON denials (at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE denials, denial_rings');
  }
}
