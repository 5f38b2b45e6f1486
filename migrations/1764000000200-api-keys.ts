import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ApiKeys1764000000200 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE api_keys (
        id                 uuid           PRIMARY KEY,
        application_id     uuid           NOT NULL,
        name               text           NOT NULL,
        environment        text           NOT NULL,
        scopes             text[]         NOT NULL,
        metadata           jsonb          NOT NULL,
        enabled            boolean        NOT NULL,
        expires_at         timestamptz(3),
        created_at         timestamptz(3) NOT NULL,
        created_by_issuer  text           NOT NULL,
        created_by_subject text           NOT NULL,
        revoked_at         timestamptz(3),
        revoked_by_issuer  text,
        revoked_by_subject text,
        version            integer        NOT NULL,
        -- RESTRICT: a key never outlives its application's row, and is never lost with it.
        CONSTRAINT api_keys_application FOREIGN KEY (application_id) REFERENCES applications (id) ON DELETE RESTRICT,
        CONSTRAINT api_keys_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
        CONSTRAINT api_keys_environment CHECK (environment IN ('live', 'test')),
        CONSTRAINT api_keys_scopes CHECK (cardinality(scopes) <= 100),
        CONSTRAINT api_keys_metadata CHECK (jsonb_typeof(metadata) = 'object'),
        CONSTRAINT api_keys_revoked_by_somebody
          CHECK (num_nulls(revoked_at, revoked_by_issuer, revoked_by_subject) IN (0, 3))
      )`);
    // Serves GET /apikey: one application's, newest first.
    await queryRunner.query('CREATE INDEX api_keys_of_application ON api_keys (application_id, id DESC)');
    // Serves the count of active keys and the list by status: revoked keys pile up, the others stay few.
    await queryRunner.query(
      'CREATE INDEX api_keys_usable ON api_keys (application_id, id DESC) WHERE revoked_at IS NULL',
    );
    await queryRunner.query(`
      CREATE TABLE api_key_secrets (
        id             uuid           PRIMARY KEY,
        api_key_id     uuid           NOT NULL,
        hash           bytea          NOT NULL,
        pepper_version smallint       NOT NULL,
        hint           text           NOT NULL,
        created_at     timestamptz(3) NOT NULL,
        expires_at     timestamptz(3),
        CONSTRAINT api_key_secrets_key FOREIGN KEY (api_key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
        -- Verification looks a secret up by its hash.
        CONSTRAINT api_key_secrets_hash UNIQUE (hash),
        -- HMAC-SHA-256: anything else, a plaintext above all, has no place here.
        CONSTRAINT api_key_secrets_hash_length CHECK (octet_length(hash) = 32),
        CONSTRAINT api_key_secrets_hint_length CHECK (char_length(hint) <= 64)
      )`);
    await queryRunner.query('CREATE INDEX api_key_secrets_of_key ON api_key_secrets (api_key_id)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE api_key_secrets');
    await queryRunner.query('DROP TABLE api_keys');
  }
}
