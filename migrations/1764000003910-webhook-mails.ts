import type { MigrationInterface, QueryRunner } from 'typeorm';

/** People who want to be mailed of expiring and leaked keys: webhooks that lead to a person. */
export class WebhookMails1764000003910 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // The id of a user; their address is looked up when a mail is sent.
    await queryRunner.query('ALTER TABLE webhooks ADD COLUMN mails_to uuid');
    await queryRunner.query(
      `ALTER TABLE webhooks ADD CONSTRAINT webhooks_receiver CHECK ((mails_to IS NULL) <> (url = ''))`,
    );
    await queryRunner.query(`
      CREATE UNIQUE INDEX webhooks_of_person ON webhooks (application_id, mails_to)
       WHERE mails_to IS NOT NULL AND deleted_at IS NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DELETE FROM webhooks WHERE mails_to IS NOT NULL');
    await queryRunner.query('ALTER TABLE webhooks DROP COLUMN mails_to');
  }
}
