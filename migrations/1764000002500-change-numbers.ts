import type { MigrationInterface, QueryRunner } from 'typeorm';
import { sqlFunction } from './sql-function.js';

/**
 * Numbers of changes that come from no clock, and a feed that a long snapshot does not slow down: a dump that runs for
 * hours keeps every old version of every row, so the protocol looks nothing up among the versions of one row.
 */
export class ChangeNumbers1764000002500 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // No change is made while its number could be lost, and no lease is renewed unseen.
    await queryRunner.query('LOCK TABLE key_change_counter, key_changes, freshness_nodes');
    // A clock that was far ahead has made numbers that JavaScript cannot tell apart. Nothing goes on from them.
    await queryRunner.query(`
      DELETE FROM key_changes WHERE (SELECT number FROM key_change_counter) > ${LARGEST_NUMBER / 2}`);
    await queryRunner.query(`
      INSERT INTO key_changes (number, kind, id)
        SELECT CASE WHEN number > ${LARGEST_NUMBER / 2} THEN 1 ELSE number END, 'start',
               '00000000-0000-0000-0000-000000000000'
          FROM key_change_counter
         WHERE NOT EXISTS (SELECT FROM key_changes WHERE key_changes.number = key_change_counter.number)`);
    await queryRunner.query(
      `ALTER TABLE key_changes ADD CONSTRAINT key_changes_number CHECK (number BETWEEN 1 AND ${LARGEST_NUMBER})`,
    );
    // The proof also tells a change from another of the same number, made after the database was put back to an earlier
    // state. A node that has applied the one has not applied the other.
    await queryRunner.query(`
      INSERT INTO key_changes (number, kind, id)
        SELECT number, 'proof', gen_random_uuid() FROM key_changes
         GROUP BY number HAVING NOT bool_or(kind = 'proof')`);
    // The last number is the largest one. An index finds it at once, however many old versions of rows there are.
    await queryRunner.query('DROP TABLE key_change_counter');
    await queryRunner.query('DROP FUNCTION key_change_proof');
    await queryRunner.query(
      'CREATE VIEW key_change_counter AS SELECT coalesce(max(number), 0) AS number FROM key_changes',
    );
    await queryRunner.query(sqlFunction('freshness/freshness_changed', 'b8f720dea72969bb'));

    // Each renewal is a row of its own, which takes the place of the one before it. The newest one of a node comes first
    // in the index; the versions of a single row would all have to be looked through.
    await queryRunner.query(`
      CREATE TABLE freshness_renewals (
        node       uuid           NOT NULL,
        -- Rises with each renewal, so that everybody can tell by a clock of their own how long ago the last one was.
        renewal    bigint         NOT NULL,
        -- The last change that the node has applied to its caches; 0 for one that is not in this feed.
        applied    bigint         NOT NULL,
        -- For people to read; the protocol trusts no wall clock.
        renewed_at timestamptz(3) NOT NULL,
        PRIMARY KEY (node, renewal),
        -- Not ON DELETE CASCADE: a node that has just renewed must not be taken off the list.
        CONSTRAINT freshness_renewals_node FOREIGN KEY (node) REFERENCES freshness_nodes (id)
      )`);
    // The leases of nodes that run an older version are waited for until they have run out.
    await queryRunner.query(`
      INSERT INTO freshness_renewals (node, renewal, applied, renewed_at)
        SELECT id, renewal, least(applied, number), renewed_at FROM freshness_nodes, key_change_counter`);
    await queryRunner.query(
      'ALTER TABLE freshness_nodes DROP COLUMN renewal, DROP COLUMN applied, DROP COLUMN renewed_at',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('LOCK TABLE key_changes, freshness_nodes, freshness_renewals');
    await queryRunner.query('DROP VIEW key_change_counter');
    await queryRunner.query(`
      CREATE TABLE key_change_counter (
        number   bigint  NOT NULL,
        only_one boolean PRIMARY KEY DEFAULT true CONSTRAINT key_change_counter_is_one_row CHECK (only_one)
      ) WITH (fillfactor = 50)`);
    await queryRunner.query('INSERT INTO key_change_counter (number) SELECT max(number) FROM key_changes');
    await queryRunner.query('ALTER TABLE key_changes DROP CONSTRAINT key_changes_number');
    await queryRunner.query(FRESHNESS_CHANGED_BEFORE);
    await queryRunner.query(KEY_CHANGE_PROOF_BEFORE);
    await queryRunner.query(`
      CREATE TRIGGER key_change_counter_proof AFTER UPDATE ON key_change_counter
        FOR EACH ROW EXECUTE FUNCTION key_change_proof()`);
    await queryRunner.query(`
      CREATE TEMPORARY TABLE leases ON COMMIT DROP AS
        SELECT DISTINCT ON (id) id, renewal, applied, lease_ms, renewed_at
          FROM freshness_nodes JOIN freshness_renewals ON node = id ORDER BY id, renewal DESC`);
    await queryRunner.query('DROP TABLE freshness_renewals, freshness_nodes');
    await queryRunner.query(`
      CREATE TABLE freshness_nodes (
        id         uuid           PRIMARY KEY,
        renewal    bigint         NOT NULL,
        applied    bigint         NOT NULL,
        lease_ms   integer        NOT NULL CONSTRAINT freshness_nodes_lease CHECK (lease_ms > 0),
        renewed_at timestamptz(3) NOT NULL
      ) WITH (fillfactor = 50)`);
    await queryRunner.query(`
      INSERT INTO freshness_nodes (id, renewal, applied, lease_ms, renewed_at)
        SELECT id, renewal, applied, lease_ms, renewed_at FROM leases`);
  }
}

/** Up to here JavaScript's numbers are exact. */
const LARGEST_NUMBER = Number.MAX_SAFE_INTEGER;

const FRESHNESS_CHANGED_BEFORE = `
      CREATE OR REPLACE FUNCTION freshness_changed() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT
        SET lock_timeout = '2s'
      AS $function$
      DECLARE
        most_subjects CONSTANT integer := 1000;
        kind          CONSTANT text    := TG_ARGV[0];
        taken         bigint  := nullif(current_setting('freshness.number', true), '');
        subjects      integer := coalesce(nullif(current_setting('freshness.subjects', true), '')::integer, 0);
        changed       uuid;
      BEGIN
        IF taken IS NULL THEN
          UPDATE key_change_counter
             SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
            RETURNING number INTO STRICT taken;
          -- Local to the transaction: its other changes go under the same number.
          PERFORM set_config('freshness.number', taken::text, true);
          PERFORM pg_notify('freshness_changed', taken::text);
        END IF;

        IF subjects >= most_subjects THEN RETURN NULL; END IF;
        FOREACH changed IN ARRAY ARRAY[to_jsonb(OLD) ->> TG_ARGV[1], to_jsonb(NEW) ->> TG_ARGV[1]]::uuid[] LOOP
          CONTINUE WHEN changed IS NULL;
          INSERT INTO key_changes (number, kind, id) VALUES (taken, kind, changed) ON CONFLICT DO NOTHING;
          CONTINUE WHEN NOT FOUND;
          subjects := subjects + 1;
          IF subjects = most_subjects THEN
            -- It is cheaper for the nodes to forget everything than to be told each.
            INSERT INTO key_changes (number, kind, id) VALUES (taken, '*', '00000000-0000-0000-0000-000000000000');
          END IF;
          PERFORM set_config('freshness.subjects', subjects::text, true);
        END LOOP;
        RETURN NULL;
      END
      $function$`;

const KEY_CHANGE_PROOF_BEFORE = `
      CREATE FUNCTION key_change_proof() RETURNS trigger LANGUAGE plpgsql
        SET search_path FROM CURRENT
      AS $function$
      DECLARE
        proof CONSTANT uuid := gen_random_uuid();
      BEGIN
        INSERT INTO key_changes (number, kind, id) VALUES (NEW.number, 'proof', proof);
        RAISE INFO USING
          MESSAGE = json_build_object('number', NEW.number, 'id', proof)::text,
          ERRCODE = 'UPB01';
        RETURN NULL;
      END
      $function$`;
