import { DomainError } from '../../../shared/domain-error.js';
import type { Subject } from '../../../shared/subject.js';
import type { KeyEnvironment } from './key-format.js';
import type { KeyHash } from './key-hasher.js';
import type { Metadata } from './metadata.js';

export const KEY_STATUSES = ['active', 'disabled', 'expired', 'revoked'] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

export interface ApiKeyChanges {
  name?: string;
  scopes?: string[];
  enabled?: boolean;
  expiresAt?: Date | null;
  metadata?: Metadata;
}

export interface ApiKeySettings extends Omit<ApiKeyChanges, 'enabled'> {
  environment?: KeyEnvironment;
}

/** One secret of a key: what is kept of a plaintext that was shown once. */
export class ApiKeySecret {
  constructor(
    readonly id: string,
    readonly apiKeyId: string,
    readonly hash: Buffer,
    readonly pepperVersion: number,
    /** `upblit_live_…a1B2`. */
    readonly hint: string,
    readonly createdAt: Date,
    /** When it stops working; null while it is the key's own. */
    readonly expiresAt: Date | null,
  ) {}

  static create(id: string, apiKeyId: string, hash: KeyHash, hint: string, now: Date): ApiKeySecret {
    return new ApiKeySecret(id, apiKeyId, hash.bytes, hash.pepperVersion, hint, now, null);
  }
}

/** What people name, restrict and revoke. Its secrets come and go; its id stays. */
export class ApiKey {
  private constructor(
    readonly id: string,
    readonly applicationId: string,
    public name: string,
    readonly environment: KeyEnvironment,
    public scopes: string[],
    public metadata: Metadata,
    public enabled: boolean,
    public expiresAt: Date | null,
    readonly createdAt: Date,
    readonly createdByIssuer: string,
    readonly createdBySubject: string,
    readonly revokedAt: Date | null,
    readonly revokedByIssuer: string | null,
    readonly revokedBySubject: string | null,
    /** Counts the changes, so that a stale one is noticed. */
    readonly version: number,
    readonly secrets: ApiKeySecret[],
  ) {}

  static issue(
    id: string,
    applicationId: string,
    settings: ApiKeySettings & { environment: KeyEnvironment },
    secret: ApiKeySecret,
    by: Subject,
    now: Date,
  ): ApiKey {
    return new ApiKey(
      id,
      applicationId,
      settings.name ?? `Key of ${now.toISOString().slice(0, 10)}`,
      settings.environment,
      settings.scopes ?? [],
      settings.metadata ?? {},
      true,
      settings.expiresAt ?? null,
      now,
      by.issuer,
      by.subject,
      null,
      null,
      null,
      1,
      [secret],
    );
  }

  /** In the order in which a verification says no. */
  status(now: Date): KeyStatus {
    if (this.revokedAt !== null) return 'revoked';
    if (!this.enabled) return 'disabled';
    if (this.expiresAt !== null && this.expiresAt <= now) return 'expired';
    return 'active';
  }

  /** The newest secret's. */
  get hint(): string {
    return this.secrets.reduce((newest, secret) => (secret.id > newest.id ? secret : newest)).hint;
  }

  /** Throws `api_key_revoked`: revoking is for good. */
  change(changes: ApiKeyChanges): void {
    if (this.revokedAt !== null) {
      throw new DomainError('api_key_revoked', 'A revoked key cannot be changed: issue a new one.');
    }
    if (changes.name !== undefined) this.name = changes.name;
    if (changes.scopes !== undefined) this.scopes = changes.scopes;
    if (changes.enabled !== undefined) this.enabled = changes.enabled;
    if (changes.expiresAt !== undefined) this.expiresAt = changes.expiresAt;
    if (changes.metadata !== undefined) this.metadata = changes.metadata;
  }
}
