import type { MigrationInterface, QueryRunner } from 'typeorm';
import { WEBHOOK_EVENT_TYPE_WITHOUT_POLICY } from './former-functions.js';
import { sqlFunction } from './sql-function.js';

/** Receivers of `application.changed` are told of a changed policy, too. */
export class WebhooksOfPolicies1764000004520 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(sqlFunction('webhooks/webhook_event_type', '1eeb5f381aa6bd50'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(WEBHOOK_EVENT_TYPE_WITHOUT_POLICY);
  }
}
