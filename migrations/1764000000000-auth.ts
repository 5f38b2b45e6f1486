import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The people who registered here, and their logins. */
export class Auth1764000000000 implements MigrationInterface {
  readonly name = 'Auth1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    // An email is ASCII, and its normal form is its lower case as "C" knows it, whatever the database's locale:
    // under a Turkish one, lower('I') is not 'i'.
    await queryRunner.query(String.raw`
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        email text NOT NULL
          CONSTRAINT users_email_form CHECK (char_length(email) <= 254 AND email ~ '^[\x21-\x7e]+@[\x21-\x7e]+$'),
        normalized_email text NOT NULL
          CONSTRAINT users_normalized_email_key UNIQUE,
        name text
          CONSTRAINT users_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
        password_hash text NOT NULL
          CONSTRAINT users_password_hash_form CHECK (password_hash ~ '^\$2b\$[0-9]{2}\$[./A-Za-z0-9]{53}$'),
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT users_normalized_email_lower_case CHECK (normalized_email = lower(email COLLATE "C"))
      )
    `);
    // A family exists as long as it is good: ending it deletes it, and its tokens with it.
    await queryRunner.query(`
      CREATE TABLE refresh_token_families (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL
          CONSTRAINT refresh_token_families_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        scopes text[] NOT NULL,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT refresh_token_families_expiry CHECK (expires_at > created_at)
      )
    `);
    await queryRunner.query(
      `CREATE INDEX refresh_token_families_user_id_idx ON refresh_token_families (user_id)`,
    );
    await queryRunner.query(
      `CREATE INDEX refresh_token_families_expires_at_idx ON refresh_token_families (expires_at)`,
    );
    await queryRunner.query(`
      CREATE TABLE refresh_tokens (
        hash bytea PRIMARY KEY
          CONSTRAINT refresh_tokens_hash_length CHECK (octet_length(hash) = 32),
        family_id uuid NOT NULL
          CONSTRAINT refresh_tokens_family_id_fkey REFERENCES refresh_token_families (id) ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL,
        spent_at timestamptz(3)
      )
    `);
    await queryRunner.query(`CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens (family_id)`);
    // However many exchange a token at once, a family has one current token.
    await queryRunner.query(`
      CREATE UNIQUE INDEX refresh_tokens_current_key ON refresh_tokens (family_id) WHERE spent_at IS NULL
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE refresh_tokens`);
    await queryRunner.query(`DROP TABLE refresh_token_families`);
    await queryRunner.query(`DROP TABLE users`);
  }
}
