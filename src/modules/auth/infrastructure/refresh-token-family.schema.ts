import { EntitySchema } from 'typeorm';
import { RefreshToken, RefreshTokenFamily } from '../domain/refresh-token-family.js';

export const refreshTokenFamilySchema = new EntitySchema<RefreshTokenFamily>({
  name: 'RefreshTokenFamily',
  target: RefreshTokenFamily,
  tableName: 'refresh_token_families',
  columns: {
    id: { type: 'uuid', primary: true },
    userId: { name: 'user_id', type: 'uuid' },
    scopes: { type: 'text', array: true },
    createdAt: { name: 'created_at', type: 'timestamptz', precision: 3 },
    expiresAt: { name: 'expires_at', type: 'timestamptz', precision: 3 },
  },
  foreignKeys: [
    {
      name: 'refresh_token_families_user_id_fkey',
      target: 'User',
      columnNames: ['userId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
  indices: [
    { name: 'refresh_token_families_user_id_idx', columns: ['userId'] },
    { name: 'refresh_token_families_expires_at_idx', columns: ['expiresAt'] },
  ],
  checks: [{ name: 'refresh_token_families_expiry', expression: 'expires_at > created_at' }],
});

export const refreshTokenSchema = new EntitySchema<RefreshToken>({
  name: 'RefreshToken',
  target: RefreshToken,
  tableName: 'refresh_tokens',
  columns: {
    hash: { type: 'bytea', primary: true },
    familyId: { name: 'family_id', type: 'uuid' },
    createdAt: { name: 'created_at', type: 'timestamptz', precision: 3 },
    spentAt: { name: 'spent_at', type: 'timestamptz', precision: 3, nullable: true },
    address: { type: 'text', nullable: true },
    userAgent: { name: 'user_agent', type: 'text', nullable: true },
  },
  foreignKeys: [
    {
      name: 'refresh_tokens_family_id_fkey',
      target: 'RefreshTokenFamily',
      columnNames: ['familyId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
  indices: [
    { name: 'refresh_tokens_family_id_idx', columns: ['familyId'] },
    {
      name: 'refresh_tokens_current_key',
      columns: ['familyId'],
      unique: true,
      where: 'spent_at IS NULL',
    },
  ],
  checks: [{ name: 'refresh_tokens_hash_length', expression: 'octet_length(hash) = 32' }],
});
