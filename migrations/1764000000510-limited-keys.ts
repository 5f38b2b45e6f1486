import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LimitedKeys1764000000510 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE api_keys
        ADD COLUMN rate_limits jsonb   NOT NULL DEFAULT '[]',
        -- Whether it has a row in credit_balances; verification reads it here, off the row that changes all the time.
        ADD COLUMN metered     boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT api_keys_rate_limits CHECK (jsonb_typeof(rate_limits) = 'array')`);
    // The defaults were for the rows that are there; a new key says what it has.
    await queryRunner.query(
      'ALTER TABLE api_keys ALTER COLUMN rate_limits DROP DEFAULT, ALTER COLUMN metered DROP DEFAULT',
    );
    // What the keys of an application share. An application without a row limits nothing.
    await queryRunner.query(`
      CREATE TABLE application_limits (
        application_id uuid    PRIMARY KEY,
        rate_limits    jsonb   NOT NULL,
        metered        boolean NOT NULL,
        CONSTRAINT application_limits_application FOREIGN KEY (application_id) REFERENCES applications (id)
          ON DELETE CASCADE,
        CONSTRAINT application_limits_rate_limits CHECK (jsonb_typeof(rate_limits) = 'array')
      )`);
    // It stands in the records that nodes keep in memory. New rows count too: the keys are there before them.
    await queryRunner.query(`
      CREATE CONSTRAINT TRIGGER application_limits_is_a_change AFTER INSERT OR UPDATE OR DELETE ON application_limits
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION freshness_changed('application', 'application_id')`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE application_limits');
    await queryRunner.query('ALTER TABLE api_keys DROP COLUMN metered, DROP COLUMN rate_limits');
  }
}
