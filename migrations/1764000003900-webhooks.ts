import type { MigrationInterface, QueryRunner } from 'typeorm';
import { WEBHOOK_EVENT_TYPE_WITHOUT_POLICY } from './former-functions.js';
import { sqlFunction } from './sql-function.js';

/** Whom applications tell of what happens to their keys, and what is yet to be told them. */
export class Webhooks1764000003900 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // One that is deleted stays until its deliveries are, which takes many statements. A secret is sealed under a key
    // that is made of the pepper of this version.
    await queryRunner.query(`
      CREATE TABLE webhooks (
        id              uuid           PRIMARY KEY,
        application_id  uuid           NOT NULL CONSTRAINT webhooks_application REFERENCES applications,
        url             text           NOT NULL,
        description     text,
        events          text[]         NOT NULL,
        enabled         boolean        NOT NULL,
        disabled_because text,
        credits_below   bigint         NOT NULL,
        secret          bytea          NOT NULL,
        secret_pepper   integer        NOT NULL,
        previous_secret bytea,
        previous_pepper integer,
        previous_until  timestamptz(3),
        created_at      timestamptz(3) NOT NULL,
        updated_at      timestamptz(3) NOT NULL,
        deleted_at      timestamptz(3),
        CONSTRAINT webhooks_events CHECK (cardinality(events) BETWEEN 1 AND 30),
        CONSTRAINT webhooks_disabled CHECK (disabled_because IS NULL OR NOT enabled),
        CONSTRAINT webhooks_previous CHECK (num_nonnulls(previous_secret, previous_pepper, previous_until) IN (0, 3))
      )`);
    await queryRunner.query('CREATE INDEX webhooks_of_application ON webhooks (application_id, id)');
    await queryRunner.query(
      'CREATE INDEX webhooks_deleted ON webhooks (deleted_at) WHERE deleted_at IS NOT NULL',
    );
    // The body is kept as it was signed: each attempt sends the same bytes.
    await queryRunner.query(`
      CREATE TABLE webhook_messages (
        id             uuid           PRIMARY KEY,
        application_id uuid           NOT NULL,
        type           text           NOT NULL,
        subject_id     uuid           NOT NULL,
        body           text           NOT NULL,
        created_at     timestamptz(3) NOT NULL
      )`);
    await queryRunner.query('CREATE INDEX webhook_messages_created_at ON webhook_messages (created_at)');
    // Without foreign keys, whose checks would lock the row of the webhook while a key is issued. Whoever sends a
    // delivery moves its due_at as far as its lease goes: so one of a node that has died is due again. scheduled_at is
    // when due_at was set: when that lies in the future, the clock was set back since.
    await queryRunner.query(`
      CREATE TABLE webhook_deliveries (
        webhook_id     uuid           NOT NULL,
        seq            bigint         NOT NULL GENERATED ALWAYS AS IDENTITY,
        message_id     uuid           NOT NULL,
        application_id uuid           NOT NULL,
        subject_id     uuid           NOT NULL,
        state          text           NOT NULL DEFAULT 'pending',
        attempts       integer        NOT NULL DEFAULT 0,
        due_at         timestamptz(3) NOT NULL,
        scheduled_at   timestamptz(3) NOT NULL,
        lease          uuid,
        created_at     timestamptz(3) NOT NULL,
        attempted_at   timestamptz(3),
        finished_at    timestamptz(3),
        status         smallint,
        failure        text,
        duration_ms    integer,
        CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (webhook_id, seq),
        CONSTRAINT webhook_deliveries_state CHECK (state IN ('pending', 'delivered', 'dead')),
        CONSTRAINT webhook_deliveries_finished CHECK ((state = 'pending') = (finished_at IS NULL))
      ) WITH (fillfactor = 80)`);
    await queryRunner.query('CREATE INDEX webhook_deliveries_of_message ON webhook_deliveries (message_id)');
    await queryRunner.query(
      `CREATE INDEX webhook_deliveries_due ON webhook_deliveries (application_id, due_at) WHERE state = 'pending'`,
    );
    await queryRunner.query(
      `CREATE INDEX webhook_deliveries_scheduled ON webhook_deliveries (scheduled_at) WHERE state = 'pending'`,
    );
    await queryRunner.query(
      `CREATE INDEX webhook_deliveries_in_turn ON webhook_deliveries (webhook_id, subject_id, seq) WHERE state = 'pending'`,
    );
    await queryRunner.query(
      `CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (finished_at) WHERE state <> 'pending'`,
    );
    // What there was no room for.
    await queryRunner.query(`
      CREATE TABLE webhook_drops (
        webhook_id uuid           PRIMARY KEY,
        dropped    bigint         NOT NULL,
        dropped_at timestamptz(3) NOT NULL
      )`);
    // What was told of a key because time has passed, or because it is used: once, however many nodes there are. About
    // what: when it expires, or on which day.
    await queryRunner.query(`
      CREATE TABLE webhook_notices (
        api_key_id uuid           NOT NULL,
        kind       text           NOT NULL,
        about      timestamptz(3) NOT NULL,
        noted_at   timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT webhook_notices_pkey PRIMARY KEY (api_key_id, kind, about)
      )`);
    await queryRunner.query('CREATE INDEX webhook_notices_noted_at ON webhook_notices (noted_at)');
    await queryRunner.query(
      'CREATE INDEX api_keys_expiring ON api_keys (expires_at) WHERE expires_at IS NOT NULL AND revoked_at IS NULL',
    );
    await queryRunner.query(WEBHOOK_EVENT_TYPE_WITHOUT_POLICY);
    await queryRunner.query(sqlFunction('webhooks/enqueue_webhooks', 'c7066572e5690750'));
    await queryRunner.query(sqlFunction('webhooks/append_webhook_events', '8f76675af1f398ed'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION append_webhook_events(jsonb)');
    await queryRunner.query('DROP FUNCTION enqueue_webhooks(jsonb)');
    await queryRunner.query('DROP FUNCTION webhook_event_type(jsonb)');
    await queryRunner.query('DROP INDEX api_keys_expiring');
    await queryRunner.query(
      'DROP TABLE webhook_notices, webhook_drops, webhook_deliveries, webhook_messages, webhooks',
    );
  }
}
