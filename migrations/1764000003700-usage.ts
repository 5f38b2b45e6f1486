import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** How often each key was verified, by hour and by day, and from where it was used last. */
export class Usage1764000003700 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // No foreign keys: what a key has used is told when the key itself was deleted long ago, and a count costs no
    // look-up. A row of the current hour is rewritten with every flush, on its page if there is room.
    for (const table of ['usage_hours', 'usage_days']) {
      await queryRunner.query(`
        CREATE TABLE ${table} (
          api_key_id     uuid           NOT NULL,
          application_id uuid           NOT NULL,
          starts_at      timestamptz(3) NOT NULL,
          count          bigint         NOT NULL,
          verdict        text           NOT NULL,
          CONSTRAINT ${table}_pkey PRIMARY KEY (api_key_id, starts_at, verdict),
          CONSTRAINT ${table}_count CHECK (count > 0)
        ) WITH (fillfactor = 90)`);
      await queryRunner.query(`CREATE INDEX ${table}_of_application ON ${table} (application_id, starts_at)`);
    }
    // The last flush of each process, so that one whose COMMIT was not answered is not counted again.
    await queryRunner.query(`
      CREATE TABLE usage_writers (
        id         uuid           PRIMARY KEY,
        last_flush bigint         NOT NULL,
        written_at timestamptz(3) NOT NULL
      )`);
    await queryRunner.query('ALTER TABLE api_key_usage ADD COLUMN last_used_from text');
    await queryRunner.query(sqlFunction('usage/count_usage', '31a2963050a09338'));
    await queryRunner.query(sqlFunction('usage/write_usage', '5adeadf0049d6b25'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'DROP FUNCTION write_usage(uuid, bigint, uuid[], uuid[], timestamptz[], text[], bigint[], uuid[], timestamptz[], text[])',
    );
    await queryRunner.query('DROP FUNCTION count_usage(uuid[], uuid[], timestamptz[], text[], bigint[])');
    await queryRunner.query('ALTER TABLE api_key_usage DROP COLUMN last_used_from');
    await queryRunner.query('DROP TABLE usage_writers, usage_days, usage_hours');
  }
}
