import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whatever makes a key active takes the same quota as issuing one. */
export class TurnsToActivate1764000002410 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Before the change: it says whether the key may become one that is enabled and works until then. What is judged
    // is judged after the lock, and at one moment.
    await queryRunner.query(`
      CREATE FUNCTION take_turn_to_activate(key uuid, application uuid, most_active integer, until timestamptz)
        RETURNS text LANGUAGE plpgsql
        SET search_path FROM CURRENT
      AS $function$
      DECLARE
        no_limit CONSTANT integer := 2147483647;
        refusal  text := take_turn_to_issue(application, 0, no_limit, clock_timestamp());
        at       timestamptz := clock_timestamp();
      BEGIN
        IF refusal IS NOT NULL THEN RETURN refusal; END IF;
        IF until <= at THEN RETURN NULL; END IF;
        PERFORM FROM api_keys
          WHERE id = key AND revoked_at IS NULL AND enabled AND (expires_at IS NULL OR expires_at > at);
        IF FOUND THEN RETURN NULL; END IF;
        RETURN take_turn_to_issue(application, 1, most_active, at);
      END
      $function$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION take_turn_to_activate');
  }
}
