import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RotationAndRestrictions1764000000400 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE api_keys
        ADD COLUMN external_id  text,
        ADD COLUMN tags         text[] NOT NULL DEFAULT '{}',
        ADD COLUMN ip_allowlist cidr[] NOT NULL DEFAULT '{}',
        ADD CONSTRAINT api_keys_external_id CHECK (char_length(external_id) BETWEEN 1 AND 255),
        ADD CONSTRAINT api_keys_tags CHECK (cardinality(tags) <= 50),
        ADD CONSTRAINT api_keys_ip_allowlist CHECK (cardinality(ip_allowlist) <= 100)`);
    // The defaults were for the rows that are there; a new key says what it has.
    await queryRunner.query(
      'ALTER TABLE api_keys ALTER COLUMN tags DROP DEFAULT, ALTER COLUMN ip_allowlist DROP DEFAULT',
    );
    // Serves GET /apikey?externalId=.
    await queryRunner.query(`
      CREATE INDEX api_keys_of_customer ON api_keys (application_id, external_id, id DESC)
        WHERE external_id IS NOT NULL`);
    await queryRunner.query(`
      ALTER TABLE api_key_secrets
        ADD COLUMN overlap_seconds integer,
        ADD COLUMN revoked_at      timestamptz(3),
        ADD CONSTRAINT api_key_secrets_overlap CHECK (overlap_seconds BETWEEN 0 AND 2592000)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE api_key_secrets DROP COLUMN revoked_at, DROP COLUMN overlap_seconds',
    );
    await queryRunner.query(
      'ALTER TABLE api_keys DROP COLUMN ip_allowlist, DROP COLUMN tags, DROP COLUMN external_id',
    );
  }
}
