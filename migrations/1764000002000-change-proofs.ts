import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Writes a random id beside the number of each transaction's changes, and tells the transaction both, by a notice, while
 * it commits and without a round trip: by them it can see afterwards that it was committed.
 */
export class ChangeProofs1764000002000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // INFO is sent whatever client_min_messages says, and not logged.
    await queryRunner.query(`
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
      $function$`);
    await queryRunner.query(`
      CREATE TRIGGER key_change_counter_proof AFTER UPDATE ON key_change_counter
        FOR EACH ROW EXECUTE FUNCTION key_change_proof()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION key_change_proof() CASCADE');
    await queryRunner.query("DELETE FROM key_changes WHERE kind = 'proof'");
  }
}
