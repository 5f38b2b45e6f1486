import { EntitySchema } from 'typeorm';
import { ApiKey } from '../domain/api-key.js';
import { ApiKeySecret } from '../domain/api-key-secret.js';

const TIME = { type: 'timestamptz', precision: 3 } as const;

/** Map the entities from outside, so that they stay free of decorators. */
export const apiKeySchema = new EntitySchema<ApiKey>({
  name: 'ApiKey',
  target: ApiKey,
  tableName: 'api_keys',
  columns: {
    id: { type: 'uuid', primary: true },
    applicationId: { type: 'uuid', name: 'application_id', nullable: true },
    name: { type: 'text' },
    environment: { type: 'text' },
    scopes: { type: 'text', array: true },
    metadata: { type: 'jsonb' },
    enabled: { type: 'boolean' },
    expiresAt: { ...TIME, name: 'expires_at', nullable: true },
    createdAt: { ...TIME, name: 'created_at' },
    createdByIssuer: { type: 'text', name: 'created_by_issuer' },
    createdBySubject: { type: 'text', name: 'created_by_subject' },
    revokedAt: { ...TIME, name: 'revoked_at', nullable: true },
    revokedByIssuer: { type: 'text', name: 'revoked_by_issuer', nullable: true },
    revokedBySubject: { type: 'text', name: 'revoked_by_subject', nullable: true },
    version: { type: 'integer' },
    externalId: { type: 'text', name: 'external_id', nullable: true },
    tags: { type: 'text', array: true },
    ipAllowlist: { type: 'cidr', array: true, name: 'ip_allowlist' },
    rateLimits: { type: 'jsonb', name: 'rate_limits' },
    metered: { type: 'boolean' },
  },
  foreignKeys: [
    {
      name: 'api_keys_application',
      target: 'Application',
      columnNames: ['applicationId'],
      referencedColumnNames: ['id'],
      onDelete: 'RESTRICT',
    },
  ],
  checks: [
    { name: 'api_keys_name_length', expression: 'char_length(name) BETWEEN 1 AND 100' },
    { name: 'api_keys_environment', expression: `environment IN ('live', 'test', 'service')` },
    {
      name: 'api_keys_of_somebody',
      expression: `application_id IS NOT NULL OR environment = 'service'`,
    },
    { name: 'api_keys_scopes', expression: 'cardinality(scopes) <= 100' },
    { name: 'api_keys_metadata', expression: `jsonb_typeof(metadata) = 'object'` },
    { name: 'api_keys_external_id', expression: 'char_length(external_id) BETWEEN 1 AND 255' },
    { name: 'api_keys_tags', expression: 'cardinality(tags) <= 50' },
    { name: 'api_keys_ip_allowlist', expression: 'cardinality(ip_allowlist) <= 100' },
    { name: 'api_keys_rate_limits', expression: `jsonb_typeof(rate_limits) = 'array'` },
    {
      name: 'api_keys_revoked_by_somebody',
      expression: 'num_nulls(revoked_at, revoked_by_issuer, revoked_by_subject) IN (0, 3)',
    },
  ],
  indices: [
    { name: 'api_keys_of_application', columns: ['applicationId', 'id'], synchronize: false },
    {
      name: 'api_keys_revoked',
      columns: ['revokedAt'],
      where: 'revoked_at IS NOT NULL',
      synchronize: false,
    },
    {
      name: 'api_keys_expiring',
      columns: ['expiresAt'],
      where: 'expires_at IS NOT NULL AND revoked_at IS NULL',
      synchronize: false,
    },
    {
      name: 'api_keys_of_customer',
      columns: ['applicationId', 'externalId', 'id'],
      where: 'external_id IS NOT NULL',
      synchronize: false,
    },
    {
      name: 'api_keys_for_services',
      columns: ['applicationId', 'id'],
      where: `environment = 'service'`,
      synchronize: false,
    },
    {
      name: 'api_keys_usable',
      columns: ['applicationId', 'id'],
      where: 'revoked_at IS NULL',
      synchronize: false,
    },
  ],
});

export const apiKeySecretSchema = new EntitySchema<ApiKeySecret>({
  name: 'ApiKeySecret',
  target: ApiKeySecret,
  tableName: 'api_key_secrets',
  columns: {
    id: { type: 'uuid', primary: true },
    apiKeyId: { type: 'uuid', name: 'api_key_id' },
    hash: { type: 'bytea' },
    pepperVersion: { type: 'smallint', name: 'pepper_version' },
    hint: { type: 'text' },
    createdAt: { ...TIME, name: 'created_at' },
    expiresAt: { ...TIME, name: 'expires_at', nullable: true },
    overlapSeconds: { type: 'integer', name: 'overlap_seconds', nullable: true },
    imported: { type: 'boolean', default: false },
    importedFor: { type: 'uuid', name: 'imported_for', nullable: true },
    tagVersion: { type: 'smallint', name: 'tag_version', nullable: true },
    revokedAt: { ...TIME, name: 'revoked_at', nullable: true },
    leakedAt: { ...TIME, name: 'leaked_at', nullable: true },
    leakedFrom: { type: 'text', name: 'leaked_from', nullable: true },
  },
  foreignKeys: [
    {
      name: 'api_key_secrets_key',
      target: 'ApiKey',
      columnNames: ['apiKeyId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
  checks: [
    { name: 'api_key_secrets_hash_length', expression: 'octet_length(hash) = 32' },
    { name: 'api_key_secrets_imported_for', expression: 'imported = (imported_for IS NOT NULL)' },
    { name: 'api_key_secrets_overlap', expression: 'overlap_seconds BETWEEN 0 AND 2592000' },
    { name: 'api_key_secrets_hint_length', expression: 'char_length(hint) <= 64' },
    { name: 'api_key_secrets_leaked_from', expression: 'char_length(leaked_from) <= 500' },
  ],
  indices: [
    // NULLS NOT DISTINCT.
    { name: 'api_key_secrets_hash', columns: ['hash', 'importedFor'], unique: true, synchronize: false },
    {
      name: 'api_key_secrets_imported_for',
      columns: ['importedFor'],
      where: 'imported_for IS NOT NULL',
      synchronize: false,
    },
    {
      name: 'api_key_secrets_tag',
      columns: ['tagVersion'],
      where: 'NOT imported',
      synchronize: false,
    },
    {
      name: 'api_key_secrets_of_key',
      columns: ['apiKeyId', 'revokedAt', 'expiresAt'],
      synchronize: false,
    },
    {
      name: 'api_key_secrets_revoked',
      columns: ['revokedAt'],
      where: 'revoked_at IS NOT NULL',
      synchronize: false,
    },
    {
      name: 'api_key_secrets_dated',
      columns: ['expiresAt'],
      where: 'expires_at IS NOT NULL',
      synchronize: false,
    },
  ],
});

export interface ApiKeyUsageRow {
  apiKeyId: string;
  lastUsedAt: Date;
  lastUsedFrom: string | null;
}

export const apiKeyUsageSchema = new EntitySchema<ApiKeyUsageRow>({
  name: 'ApiKeyUsage',
  tableName: 'api_key_usage',
  columns: {
    apiKeyId: { type: 'uuid', primary: true, name: 'api_key_id' },
    lastUsedAt: { ...TIME, name: 'last_used_at' },
    lastUsedFrom: { type: 'text', name: 'last_used_from', nullable: true },
  },
  foreignKeys: [
    {
      name: 'api_key_usage_key',
      target: 'ApiKey',
      columnNames: ['apiKeyId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});

export interface SecretUsageRow {
  secretId: string;
  lastUsedAt: Date;
  lastUsedFrom: string | null;
}

export const secretUsageSchema = new EntitySchema<SecretUsageRow>({
  name: 'SecretUsage',
  tableName: 'api_key_secret_usage',
  columns: {
    secretId: { type: 'uuid', primary: true, name: 'secret_id' },
    lastUsedAt: { ...TIME, name: 'last_used_at' },
    lastUsedFrom: { type: 'text', name: 'last_used_from', nullable: true },
  },
  foreignKeys: [
    {
      name: 'api_key_secret_usage_secret',
      target: 'ApiKeySecret',
      columnNames: ['secretId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});
