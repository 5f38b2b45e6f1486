import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who made a webhook: they may have left since. */
export class MakersOfWebhooks1764000004510 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE webhooks
        ADD COLUMN created_by_issuer text,
        ADD COLUMN created_by_subject text,
        ADD CONSTRAINT webhooks_created_by CHECK (num_nonnulls(created_by_issuer, created_by_subject) IN (0, 2))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE webhooks DROP COLUMN created_by_issuer, DROP COLUMN created_by_subject',
    );
  }
}
