import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/** A record of who has changed what, in which nothing can be changed without being noticed. */
export class AuditTrail1764000003600 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE audit_events (
        -- The id of an application, or service-00 to service-15 for what is of none.
        chain    text COLLATE "C" NOT NULL,
        seq      bigint           NOT NULL,
        at       timestamptz(3)   NOT NULL,
        -- In the canonical form of RFC 8785, byte for byte; jsonb would write it anew.
        event    json             NOT NULL,
        previous bytea,
        hash     bytea            NOT NULL,
        PRIMARY KEY (chain, seq),
        CONSTRAINT audit_events_seq CHECK (seq BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}),
        CONSTRAINT audit_events_hash CHECK (octet_length(hash) = 32),
        CONSTRAINT audit_events_previous CHECK (
          CASE WHEN seq = 1 THEN previous IS NULL ELSE previous IS NOT NULL AND octet_length(previous) = 32 END)
      )`);
    await queryRunner.query(
      `CREATE INDEX audit_events_target ON audit_events (chain, (event #>> '{target,id}'), seq)`,
    );
    await queryRunner.query(
      `CREATE INDEX audit_events_actor ON audit_events (chain, (event #>> '{actor,subject}'), seq)`,
    );
    await queryRunner.query(
      `CREATE INDEX audit_events_action ON audit_events (chain, (event ->> 'action'), seq)`,
    );
    await queryRunner.query('CREATE INDEX audit_events_at ON audit_events (chain, at)');
    await queryRunner.query(`
      CREATE TABLE audit_checkpoints (
        chain text COLLATE "C" NOT NULL,
        seq   bigint           NOT NULL,
        -- What is signed names the chain, the number and the hash of the event, and when it was signed.
        jws   text             NOT NULL,
        PRIMARY KEY (chain, seq)
      )`);
    // What is to be signed yet: no part of the record.
    await queryRunner.query(`
      CREATE TABLE audit_unsealed (
        chain text COLLATE "C" PRIMARY KEY,
        -- The first event that no checkpoint covers, and when it was written.
        seq   bigint           NOT NULL,
        since timestamptz(3)   NOT NULL
      )`);
    await queryRunner.query(sqlFunction('audit/keep_audit_trail', 'daf0ea73c201312f'));
    for (const table of ['audit_events', 'audit_checkpoints']) {
      await queryRunner.query(`
        CREATE TRIGGER ${table}_are_kept BEFORE UPDATE OR DELETE ON ${table}
          FOR EACH ROW EXECUTE FUNCTION keep_audit_trail()`);
      await queryRunner.query(`
        CREATE TRIGGER ${table}_are_not_truncated BEFORE TRUNCATE ON ${table}
          FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_trail()`);
    }
    await queryRunner.query(sqlFunction('audit/audit_chain', '1201af169db168b7'));
    await queryRunner.query(sqlFunction('audit/audit_entry', 'e1357c82c0a71130'));
    await queryRunner.query(sqlFunction('audit/append_audit_events', '4c157748868496c3'));
    await queryRunner.query(sqlFunction('audit/seal_audit_chain', 'd882bc3dbc85d74d'));
    await queryRunner.query(sqlFunction('audit/prune_audit_chain', 'fbda0fab45acfb86'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE audit_unsealed, audit_checkpoints, audit_events');
    await queryRunner.query('DROP FUNCTION prune_audit_chain');
    await queryRunner.query('DROP FUNCTION seal_audit_chain');
    await queryRunner.query('DROP FUNCTION append_audit_events');
    await queryRunner.query('DROP FUNCTION audit_entry');
    await queryRunner.query('DROP FUNCTION audit_chain');
    await queryRunner.query('DROP FUNCTION keep_audit_trail');
  }
}
