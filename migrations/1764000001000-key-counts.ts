import type { MigrationInterface, QueryRunner } from 'typeorm';
import { TAKE_TURN_TO_ISSUE } from './former-functions.js';

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
    await queryRunner.query(TAKE_TURN_TO_ISSUE);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION take_turn_to_issue');
    await queryRunner.query('DROP TABLE application_key_counts');
  }
}
