import { DomainError } from '../../../shared/domain-error.js';
import type { Subject } from '../../../shared/subject.js';
import type { KeyEnvironment } from './key-format.js';
import { keyStatus, type KeyStatus } from '../../../shared/key-status.js';
import { type ApiKeySecret } from './api-key-secret.js';
import type { CreditChanges, Credits, RateLimit } from '../../metering/index.js';
import type { Metadata } from './metadata.js';

/** That work at the same time. */
const MAX_LIVE_SECRETS = 5;

export interface ApiKeyChanges {
  name?: string;
  scopes?: string[];
  enabled?: boolean;
  expiresAt?: Date | null;
  metadata?: Metadata;
  externalId?: string | null;
  tags?: string[];
  ipAllowlist?: string[];
  rateLimits?: RateLimit[];
  credits?: CreditChanges | null;
}

export interface ApiKeySettings extends Omit<ApiKeyChanges, 'enabled' | 'credits'> {
  credits?: Credits | null;
  environment?: KeyEnvironment;
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
    /** The customer of the application that the key was made for, as the application names them. */
    public externalId: string | null,
    public tags: string[],
    /** CIDR ranges the key may be used from; none for everywhere. */
    public ipAllowlist: string[],
    public rateLimits: RateLimit[],
    /** Whether it spends credits of its own. */
    public metered: boolean,
    /** Those that work, or the newest; oldest first. Of those that have ended it has only the one it was read for. */
    readonly secrets: ApiKeySecret[],
    /** To within a second or so; null when it never was. */
    readonly lastUsedAt: Date | null,
    /** As they were when the key was read; null for one that may be verified without end. */
    readonly credits: Credits | null,
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
      settings.externalId ?? null,
      settings.tags ?? [],
      settings.ipAllowlist ?? [],
      settings.rateLimits ?? [],
      (settings.credits ?? null) !== null,
      [secret],
      null,
      settings.credits ?? null,
    );
  }

  status(now: Date): KeyStatus {
    const { enabled } = this;
    const expiresAt = this.expiresAt?.getTime() ?? null;
    return keyStatus({ revoked: this.revokedAt !== null, enabled, expiresAt }, now.getTime());
  }

  /** The newest secret's. */
  get hint(): string {
    return this.secrets.at(-1)?.hint ?? '';
  }

  liveSecrets(now: Date): ApiKeySecret[] {
    return this.secrets.filter((secret) => secret.isLive(now));
  }

  /** The time of a secret that is made now: after the newest one's, which another node's clock may have put ahead. */
  timeOfNextSecret(now: Date): Date {
    const newest = this.secrets.at(-1)?.createdAt.getTime() ?? 0;
    return new Date(Math.max(now.getTime(), newest + 1));
  }

  /** All but the balance, which is spent from meanwhile. Throws `api_key_revoked`: revoking is for good. */
  change(changes: ApiKeyChanges): void {
    this.assertNotRevoked();
    if (changes.name !== undefined) this.name = changes.name;
    if (changes.scopes !== undefined) this.scopes = changes.scopes;
    if (changes.enabled !== undefined) this.enabled = changes.enabled;
    if (changes.expiresAt !== undefined) this.expiresAt = changes.expiresAt;
    if (changes.metadata !== undefined) this.metadata = changes.metadata;
    if (changes.externalId !== undefined) this.externalId = changes.externalId;
    if (changes.tags !== undefined) this.tags = changes.tags;
    if (changes.ipAllowlist !== undefined) this.ipAllowlist = changes.ipAllowlist;
    if (changes.rateLimits !== undefined) this.rateLimits = changes.rateLimits;
    if (changes.credits !== undefined) this.metered = changes.credits !== null;
  }

  /**
   * Adds a secret and dates the others, which work until the overlap ends. Throws `api_key_revoked`,
   * `api_key_expired`, and `too_many_secrets` when the key has five that work.
   */
  rotate(secret: ApiKeySecret, overlapSeconds: number, now: Date): void {
    this.assertNotRevoked();
    if (this.status(now) === 'expired') {
      throw new DomainError('api_key_expired', 'An expired key is not rotated: move its expiry first.');
    }
    // With an overlap that begins with the first use, nothing is dated yet.
    if (secret.overlapSeconds === null) {
      const end = new Date(now.getTime() + overlapSeconds * 1000);
      for (const old of this.liveSecrets(now)) {
        if (overlapSeconds === 0) old.revoke(now);
        else old.endAt(end);
      }
    }
    if (this.liveSecrets(now).length >= MAX_LIVE_SECRETS) {
      throw new DomainError(
        'too_many_secrets',
        `A key has at most ${MAX_LIVE_SECRETS} secrets that work: end one that is no longer used.`,
      );
    }
    this.secrets.push(secret);
  }

  /**
   * Ends one secret; answers false when it, or the whole key, had been ended before. Throws `secret_not_found`, and
   * `last_secret`: a key without any is a key to be revoked.
   */
  endSecret(id: string, now: Date): boolean {
    const secret = this.secrets.find((candidate) => candidate.id === id);
    if (secret === undefined) {
      throw new DomainError('secret_not_found', 'The key has no secret of this id: read the key again.');
    }
    if (this.revokedAt !== null || secret.revokedAt !== null) return false;
    if (!this.liveSecrets(now).some((other) => other !== secret)) {
      throw new DomainError(
        'last_secret',
        'It is the only secret of the key: rotate first, or revoke the key.',
      );
    }
    secret.revoke(now);
    return true;
  }

  private assertNotRevoked(): void {
    if (this.revokedAt !== null) {
      throw new DomainError('api_key_revoked', 'A revoked key cannot be changed: issue a new one.');
    }
  }
}
