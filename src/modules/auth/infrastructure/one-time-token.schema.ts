import { EntitySchema } from 'typeorm';
import { OneTimeToken } from '../domain/one-time-token.js';

export const oneTimeTokenSchema = new EntitySchema<OneTimeToken>({
  name: 'OneTimeToken',
  target: OneTimeToken,
  tableName: 'one_time_tokens',
  columns: {
    id: { type: 'uuid', primary: true },
    hash: { type: 'bytea' },
    purpose: { type: 'text' },
    email: { type: 'text' },
    userId: { name: 'user_id', type: 'uuid', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz', precision: 3 },
    expiresAt: { name: 'expires_at', type: 'timestamptz', precision: 3 },
  },
  foreignKeys: [
    {
      name: 'one_time_tokens_user_id_fkey',
      target: 'User',
      columnNames: ['userId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
  uniques: [{ name: 'one_time_tokens_hash_key', columns: ['hash'] }],
  indices: [
    { name: 'one_time_tokens_user_id_idx', columns: ['userId'] },
    { name: 'one_time_tokens_expires_at_idx', columns: ['expiresAt'] },
    {
      name: 'one_time_tokens_invitation_key',
      columns: ['email'],
      unique: true,
      where: "purpose = 'invitation'",
    },
  ],
  checks: [
    { name: 'one_time_tokens_hash_length', expression: 'octet_length(hash) = 32' },
    {
      name: 'one_time_tokens_purpose',
      expression: "purpose IN ('invitation', 'password_reset', 'email_verification')",
    },
    { name: 'one_time_tokens_email', expression: 'email = lower(email COLLATE "C")' },
    { name: 'one_time_tokens_user', expression: "(purpose = 'invitation') = (user_id IS NULL)" },
    { name: 'one_time_tokens_expiry', expression: 'expires_at > created_at' },
  ],
});
