import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lets taking somebody out of an application, or giving them another role, take a number: a node that has applied it
 * believes no server any more that does not show it.
 */
export class MembershipChanges1764000002695 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // A kind of their own, so that no record in memory is forgotten: none is made of members. Letting somebody in takes no
    // number, since it harms nobody when that is seen late.
    await this.trigger(queryRunner, 'UPDATE', 'OLD.* IS DISTINCT FROM NEW.*');
    await this.trigger(queryRunner, 'DELETE', 'true');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TRIGGER application_members_update_is_a_change ON application_members');
    await queryRunner.query('DROP TRIGGER application_members_delete_is_a_change ON application_members');
  }

  private async trigger(queryRunner: QueryRunner, event: 'UPDATE' | 'DELETE', when: string): Promise<void> {
    await queryRunner.query(`
      CREATE CONSTRAINT TRIGGER application_members_${event.toLowerCase()}_is_a_change
        AFTER ${event} ON application_members DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (${when})
        EXECUTE FUNCTION freshness_changed('members', 'application_id')`);
  }
}
