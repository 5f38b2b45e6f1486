import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The feed of changes to records that nodes keep in memory: docs/decisions/0003-revocation-that-holds.md. */
export class Freshness1764000000300 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE key_changes (
        number bigint NOT NULL,
        kind   text   NOT NULL,
        id     uuid   NOT NULL,
        PRIMARY KEY (number, kind, id)
      )`);
    // One row, and the lock that makes the order of numbers the order of commits: it is taken when a transaction
    // gets its number and held until its commit can be seen, so that whoever sees a number sees all before it.
    // Half of every page stays free, since the row is rewritten all the time.
    await queryRunner.query(`
      CREATE TABLE key_change_counter (
        number   bigint  NOT NULL,
        only_one boolean PRIMARY KEY DEFAULT true CONSTRAINT key_change_counter_is_one_row CHECK (only_one)
      ) WITH (fillfactor = 50)`);
    await queryRunner.query(`
      WITH start AS (INSERT INTO key_change_counter (number) VALUES (1) RETURNING number)
      INSERT INTO key_changes (number, kind, id)
        SELECT number, 'start', '00000000-0000-0000-0000-000000000000' FROM start`);
    await queryRunner.query(`
      CREATE TABLE freshness_nodes (
        id         uuid           PRIMARY KEY,
        -- Rises with each renewal, so that everybody can tell by a clock of their own how long ago the last one was.
        renewal    bigint         NOT NULL,
        -- The last change that the node has applied to its caches.
        applied    bigint         NOT NULL,
        lease_ms   integer        NOT NULL CONSTRAINT freshness_nodes_lease CHECK (lease_ms > 0),
        -- For people to read; the protocol trusts no wall clock.
        renewed_at timestamptz(3) NOT NULL
      ) WITH (fillfactor = 50)`);

    // Runs inside COMMIT, because its triggers are deferred. So the counter is locked while the server commits,
    // and not while a client does something else: a client that freezes in its transaction holds up nobody.
    //
    // Numbers are microseconds since 1970, made to rise. Small ones would be given out a second time if the
    // database were put back to an earlier state, and a node would take the new ones for those it has applied.
    await queryRunner.query(`
      CREATE FUNCTION freshness_changed() RETURNS trigger LANGUAGE plpgsql
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
      $function$`);

    // Whatever is added to these tables counts as a change until it is named here: forgetting to name it costs time,
    // forgetting to count it would let a revoked key in.
    await this.trigger(queryRunner, 'api_keys', 'UPDATE', `'api_key', 'id'`, 'OLD.* IS DISTINCT FROM NEW.*');
    await this.trigger(queryRunner, 'api_keys', 'DELETE', `'api_key', 'id'`);
    // The same secret under another pepper is the same secret.
    await this.trigger(
      queryRunner,
      'api_key_secrets',
      'UPDATE',
      `'api_key', 'api_key_id'`,
      `to_jsonb(OLD) - '{hash,pepper_version}'::text[] IS DISTINCT FROM to_jsonb(NEW) - '{hash,pepper_version}'::text[]
       OR (OLD.hash <> NEW.hash AND OLD.pepper_version = NEW.pepper_version)`,
    );
    await this.trigger(queryRunner, 'api_key_secrets', 'DELETE', `'api_key', 'api_key_id'`);
    const described = `'{name,description,environment,updated_at,version}'::text[]`;
    await this.trigger(
      queryRunner,
      'applications',
      'UPDATE',
      `'application', 'id'`,
      `to_jsonb(OLD) - ${described} IS DISTINCT FROM to_jsonb(NEW) - ${described}`,
    );
    await this.trigger(queryRunner, 'applications', 'DELETE', `'application', 'id'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION freshness_changed() CASCADE');
    await queryRunner.query('DROP TABLE freshness_nodes, key_change_counter, key_changes');
  }

  /** New rows take no number: nobody can have asked for a random key before it was issued. */
  private async trigger(
    queryRunner: QueryRunner,
    table: string,
    event: 'UPDATE' | 'DELETE',
    kindAndIdColumn: string,
    when = 'true',
  ): Promise<void> {
    await queryRunner.query(`
      CREATE CONSTRAINT TRIGGER ${table}_${event.toLowerCase()}_is_a_change AFTER ${event} ON ${table}
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (${when})
        EXECUTE FUNCTION freshness_changed(${kindAndIdColumn})`);
  }
}
