import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lets the end of a login take a number, so that no node goes on accepting its access tokens, and remembers from where a
 * login was last used.
 */
export class Sessions1764000003500 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Starting a login takes no number: nobody holds a token of it yet. Nor does deleting one that has run out, since its
    // tokens have run out with it: tidying up must not fill the feed.
    await queryRunner.query(`
      CREATE CONSTRAINT TRIGGER refresh_token_families_delete_is_a_change
        AFTER DELETE ON refresh_token_families DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (OLD.expires_at > clock_timestamp())
        EXECUTE FUNCTION freshness_changed('session', 'id')`);
    await queryRunner.query('ALTER TABLE refresh_tokens ADD address text, ADD user_agent text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE refresh_tokens DROP user_agent, DROP address');
    await queryRunner.query(
      'DROP TRIGGER refresh_token_families_delete_is_a_change ON refresh_token_families',
    );
  }
}
