import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeyCounts1764000001000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Never too small: it rises with every key that is issued, and the keys are counted only when it says that there
    // may be too many. Whoever inserts keys by other means deletes the row, and it is counted anew.
    //
    // An application has its row from its first key to its deletion, and issuing locks it: so issuing for one
    // application takes turns, and no key slips in beside the deletion.
    await queryRunner.query(`
      CREATE TABLE application_key_counts (
        application_id uuid    PRIMARY KEY,
        unrevoked      integer NOT NULL,
        CONSTRAINT application_key_counts_application
          FOREIGN KEY (application_id) REFERENCES applications (id) ON DELETE CASCADE
      ) WITH (fillfactor = 50)`);
    // A function, because each of its statements sees what was committed before it: in a single statement the count
    // would be older than the lock.
    await queryRunner.query(`
      CREATE FUNCTION take_turn_to_issue(application uuid, keys integer, most_active integer, at timestamptz)
        RETURNS text LANGUAGE plpgsql
        SET search_path FROM CURRENT
      AS $function$
      DECLARE
        bound  integer;
        active integer;
      BEGIN
        LOOP
          UPDATE application_key_counts SET unrevoked = unrevoked + keys WHERE application_id = application
            RETURNING unrevoked INTO bound;
          EXIT WHEN FOUND;
          PERFORM FROM applications WHERE id = application AND deleted_at IS NULL FOR NO KEY UPDATE;
          IF NOT FOUND THEN RETURN 'application_not_found'; END IF;
          INSERT INTO application_key_counts (application_id, unrevoked)
            SELECT application, count(*) FROM api_keys WHERE application_id = application AND revoked_at IS NULL
            ON CONFLICT DO NOTHING;
        END LOOP;
        IF bound <= most_active THEN RETURN NULL; END IF;

        SELECT count(*), count(*) FILTER (WHERE enabled AND (expires_at IS NULL OR expires_at > at))
          INTO bound, active
          FROM api_keys WHERE application_id = application AND revoked_at IS NULL;
        IF active + keys > most_active THEN
          UPDATE application_key_counts SET unrevoked = bound WHERE application_id = application;
          RETURN 'api_key_limit_reached';
        END IF;
        UPDATE application_key_counts SET unrevoked = bound + keys WHERE application_id = application;
        RETURN NULL;
      END
      $function$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION take_turn_to_issue');
    await queryRunner.query('DROP TABLE application_key_counts');
  }
}
