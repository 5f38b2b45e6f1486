import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which pepper has made the tag of a key: what carries none has to be looked up for whoever presents it. */
export class KeyTags1764000003200 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // What is there was made before there were tags, and so is what nodes of the version before go on issuing.
    await queryRunner.query('ALTER TABLE api_key_secrets ADD COLUMN tag_version smallint');
    // Says which versions there are, without reading the table. It is small: equal entries share their space.
    await queryRunner.query(
      'CREATE INDEX api_key_secrets_tag ON api_key_secrets (tag_version) WHERE NOT imported',
    );
    // Nodes may remember that there are no keys without a tag.
    await queryRunner.query(`
      CREATE CONSTRAINT TRIGGER api_key_secrets_untagged_is_a_change AFTER INSERT ON api_key_secrets
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.tag_version IS NULL AND NOT NEW.imported)
        EXECUTE FUNCTION freshness_changed('untagged_key', 'api_key_id')`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TRIGGER api_key_secrets_untagged_is_a_change ON api_key_secrets');
    await queryRunner.query('ALTER TABLE api_key_secrets DROP COLUMN tag_version');
  }
}
