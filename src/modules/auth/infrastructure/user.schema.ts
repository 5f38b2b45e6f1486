import { EntitySchema } from 'typeorm';
import { User } from '../domain/user.js';

/** Maps the entity from outside, so that it stays free of decorators. */
export const userSchema = new EntitySchema<User>({
  name: 'User',
  target: User,
  tableName: 'users',
  columns: {
    id: { type: 'uuid', primary: true },
    email: { type: 'text' },
    normalizedEmail: { type: 'text', name: 'normalized_email' },
    name: { type: 'text', nullable: true },
    passwordHash: { type: 'text', name: 'password_hash' },
    passwordPepperVersion: { type: 'smallint', name: 'password_pepper_version', nullable: true },
    createdAt: { type: 'timestamptz', precision: 3, name: 'created_at' },
    disabledAt: { type: 'timestamptz', precision: 3, name: 'disabled_at', nullable: true },
    emailVerifiedAt: { type: 'timestamptz', precision: 3, name: 'email_verified_at', nullable: true },
  },
  uniques: [{ name: 'users_normalized_email_key', columns: ['normalizedEmail'] }],
  checks: [
    {
      name: 'users_email_form',
      expression: String.raw`char_length(email) <= 254 AND email ~ '^[\x21-\x7e]+@[\x21-\x7e]+$'`,
    },
    { name: 'users_normalized_email_lower_case', expression: 'normalized_email = lower(email COLLATE "C")' },
    { name: 'users_name_length', expression: 'char_length(name) BETWEEN 1 AND 100' },
    {
      name: 'users_password_hash_form',
      expression: String.raw`password_hash ~ '^\$2b\$[0-9]{2}\$[./A-Za-z0-9]{53}$'`,
    },
    { name: 'users_password_pepper_version', expression: 'password_pepper_version BETWEEN 1 AND 9999' },
  ],
});
