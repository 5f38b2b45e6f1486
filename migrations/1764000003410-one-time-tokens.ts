import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Invitations, resets of passwords and verifications of emails; and accounts that are disabled. */
export class OneTimeTokens1764000003410 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users ADD COLUMN disabled_at timestamptz(3)');
    // A token is there as long as it is good: using it deletes it. Its text is kept nowhere.
    await queryRunner.query(`
      CREATE TABLE one_time_tokens (
        id uuid PRIMARY KEY,
        hash bytea NOT NULL
          CONSTRAINT one_time_tokens_hash_key UNIQUE
          CONSTRAINT one_time_tokens_hash_length CHECK (octet_length(hash) = 32),
        purpose text NOT NULL
          CONSTRAINT one_time_tokens_purpose
            CHECK (purpose IN ('invitation', 'password_reset', 'email_verification')),
        email text NOT NULL
          CONSTRAINT one_time_tokens_email CHECK (email = lower(email COLLATE "C")),
        user_id uuid
          CONSTRAINT one_time_tokens_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT one_time_tokens_user CHECK ((purpose = 'invitation') = (user_id IS NULL)),
        CONSTRAINT one_time_tokens_expiry CHECK (expires_at > created_at)
      )
    `);
    await queryRunner.query('CREATE INDEX one_time_tokens_user_id_idx ON one_time_tokens (user_id)');
    await queryRunner.query('CREATE INDEX one_time_tokens_expires_at_idx ON one_time_tokens (expires_at)');
    // The invitation that was made last is the one that is good.
    await queryRunner.query(`
      CREATE UNIQUE INDEX one_time_tokens_invitation_key ON one_time_tokens (email) WHERE purpose = 'invitation'
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE one_time_tokens');
    // The version before would let them in again.
    await queryRunner.query('ALTER TABLE users DROP COLUMN disabled_at');
  }
}
