import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Receivers that hang are told apart from those that answer, and what is due is found by webhook. */
export class FairWebhooks1764000004500 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Since when attempts take long; null while they do not.
    await queryRunner.query('ALTER TABLE webhooks ADD COLUMN slow_since timestamptz(3)');
    await queryRunner.query('DROP INDEX webhook_deliveries_due');
    await queryRunner.query(`
      CREATE INDEX webhook_deliveries_due ON webhook_deliveries (application_id, webhook_id, due_at)
       WHERE state = 'pending'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX webhook_deliveries_due');
    await queryRunner.query(
      `CREATE INDEX webhook_deliveries_due ON webhook_deliveries (application_id, due_at) WHERE state = 'pending'`,
    );
    await queryRunner.query('ALTER TABLE webhooks DROP COLUMN slow_since');
  }
}
