import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** The end of a delivery makes the next one of its key due, whatever puts that off meanwhile. */
export class EndedDeliveries1764000004710 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(sqlFunction('webhooks/finish_webhook_delivery', '41edb8b40d53c155'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `DROP FUNCTION finish_webhook_delivery(
         uuid, bigint, uuid, text, double precision, smallint, text, integer, boolean
       )`,
    );
  }
}
