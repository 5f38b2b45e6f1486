import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Passwords are hashed under a pepper before bcrypt. Whoever has such a hash cannot log in to a version before this one,
 * nor after this was reverted: their password has to be set anew.
 */
export class PasswordPeppers1764000003400 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Null for those whose bcrypt was made of the password itself, until their next login.
    await queryRunner.query(`
      ALTER TABLE users ADD COLUMN password_pepper_version smallint
        CONSTRAINT users_password_pepper_version CHECK (password_pepper_version BETWEEN 1 AND 9999)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE users DROP COLUMN password_pepper_version');
  }
}
