import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets an application be deleted however many keys it has: what is left to revoke is done after the deletion. */
export class PendingKeyRevocations1764000002610 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // A row from the deletion of the application until its last key has been revoked, as of then and by whom it says.
    await queryRunner.query(`
      CREATE TABLE pending_key_revocations (
        application_id     uuid           PRIMARY KEY,
        revoked_at         timestamptz(3) NOT NULL,
        revoked_by_issuer  text           NOT NULL,
        revoked_by_subject text           NOT NULL,
        CONSTRAINT pending_key_revocations_application
          FOREIGN KEY (application_id) REFERENCES applications (id) ON DELETE CASCADE
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // Without the table a key is good until it is revoked itself.
    await queryRunner.query(`
      UPDATE api_keys
         SET revoked_at = pending.revoked_at, revoked_by_issuer = pending.revoked_by_issuer,
             revoked_by_subject = pending.revoked_by_subject, version = version + 1
        FROM pending_key_revocations pending
       WHERE api_keys.application_id = pending.application_id AND api_keys.revoked_at IS NULL`);
    await queryRunner.query('DROP TABLE pending_key_revocations');
  }
}
