import { DomainError } from '../../../shared/domain-error.js';
import { Aggregate, changedFields, type EventFields } from '../../../shared/domain-event.js';
import { MS_PER_DAY } from '../../../shared/durations.js';
import { undeclared } from '../../../shared/key-scopes.js';
import type { Subject } from '../../../shared/subject.js';
import type { KeyEnvironment, KeyKind } from './key-format.js';
import { keyStatus, type KeyStatus } from '../../../shared/key-status.js';
import { type ApiKeySecret } from './api-key-secret.js';
import type { CreditChanges, Credits, RateLimit } from '../../metering/index.js';
import type { Metadata } from './metadata.js';

/** The maximum number of secrets of one key that are valid at the same time. */
const MAX_LIVE_SECRETS = 5;

/** Years that an expiry may lie ahead. */
const MAX_EXPIRY_YEARS = 10;

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
  environment?: KeyKind;
}

/** Of the application that a key belongs to, what bounds the key. */
export interface KeyApplication {
  readonly id: string;
  /** The scopes that its keys may have; null for any. */
  readonly scopes: readonly string[] | null;
}

/** Whom a key belongs to: an application, or with null the platform, which has service keys alone. */
export type KeyHolder = Omit<KeyApplication, 'id'> & { readonly id: string | null };

export interface NewApiKey {
  id: string;
  application: KeyHolder;
  settings: ApiKeySettings & { environment: KeyKind };
  secret: ApiKeySecret;
  by: Subject;
  now: Date;
}

interface ApiKeyProps {
  readonly id: string;
  readonly applicationId: string | null;
  name: string;
  readonly environment: KeyKind;
  scopes: string[];
  metadata: Metadata;
  enabled: boolean;
  expiresAt: Date | null;
  readonly createdAt: Date;
  readonly createdByIssuer: string;
  readonly createdBySubject: string;
  readonly revokedAt: Date | null;
  readonly revokedByIssuer: string | null;
  readonly revokedBySubject: string | null;
  readonly version: number;
  externalId: string | null;
  tags: string[];
  ipAllowlist: string[];
  rateLimits: RateLimit[];
  metered: boolean;
  readonly secrets: ApiKeySecret[];
  readonly lastUsedAt: Date | null;
  readonly lastUsedFrom: string | null;
  readonly credits: Credits | null;
}

/** What happens to keys; service keys are not imported. */
type KeyEvent = 'Issued' | 'Imported' | 'Changed' | 'Rotated' | 'SecretEnded';

/** What people name, restrict and revoke. Its secrets come and go; its id stays. */
export class ApiKey extends Aggregate implements ApiKeyProps {
  readonly id!: string;
  /** Null for a service key of the platform. */
  readonly applicationId!: string | null;
  name!: string;
  readonly environment!: KeyKind;
  scopes!: string[];
  metadata!: Metadata;
  enabled!: boolean;
  expiresAt!: Date | null;
  readonly createdAt!: Date;
  readonly createdByIssuer!: string;
  readonly createdBySubject!: string;
  readonly revokedAt!: Date | null;
  readonly revokedByIssuer!: string | null;
  readonly revokedBySubject!: string | null;
  /** Counts the changes, so that a stale one is noticed. */
  readonly version!: number;
  /** The customer of the application that the key was made for, as the application names them. */
  externalId!: string | null;
  tags!: string[];
  /** CIDR ranges the key may be used from; none for everywhere. */
  ipAllowlist!: string[];
  rateLimits!: RateLimit[];
  /** Whether verifications spend credits of this key. */
  metered!: boolean;
  /** Those that work, or the newest; oldest first. Of those that have ended it has only the one it was read for. */
  readonly secrets!: ApiKeySecret[];
  /** To within a second or so; null when it never was. */
  readonly lastUsedAt!: Date | null;
  /** The address that it was used from then; null when nobody told. */
  readonly lastUsedFrom!: string | null;
  /** As they were when the key was read; null for unlimited verifications. */
  readonly credits!: Credits | null;

  /** The repository, which reads keys, makes them without. */
  private constructor(props?: ApiKeyProps) {
    super();
    Object.assign(this, props);
  }

  /** Throws `validation_failed` for an expiry out of range and for scopes that the application does not declare. */
  static issue({ id, application, settings, secret, by, now }: NewApiKey): ApiKey {
    assertExpiry(settings.expiresAt, now);
    assertDeclared(settings.scopes, application.scopes);
    const key = new ApiKey({
      id,
      applicationId: application.id,
      name: settings.name ?? `Key of ${now.toISOString().slice(0, 10)}`,
      environment: settings.environment,
      scopes: settings.scopes ?? [],
      metadata: settings.metadata ?? {},
      enabled: true,
      expiresAt: settings.expiresAt ?? null,
      createdAt: now,
      createdByIssuer: by.issuer,
      createdBySubject: by.subject,
      revokedAt: null,
      revokedByIssuer: null,
      revokedBySubject: null,
      version: 1,
      externalId: settings.externalId ?? null,
      tags: settings.tags ?? [],
      ipAllowlist: settings.ipAllowlist ?? [],
      rateLimits: settings.rateLimits ?? [],
      metered: (settings.credits ?? null) !== null,
      secrets: [secret],
      lastUsedAt: null,
      lastUsedFrom: null,
      credits: settings.credits ?? null,
    });
    const { environment, hint } = key;
    key.happened(secret.imported ? 'Imported' : 'Issued', null, {
      ...key.settings,
      environment,
      hint,
    });
    return key;
  }

  status(now: Date): KeyStatus {
    const { enabled } = this;
    const expiresAt = this.expiresAt?.getTime() ?? null;
    return keyStatus({ revoked: this.revokedAt !== null, enabled, expiresAt }, now.getTime());
  }

  /** Whether it is a credential of a machine that calls this service, and no key that an application hands out. */
  get isForService(): boolean {
    return this.environment === 'service';
  }

  /** The hint of the newest secret. */
  get hint(): string {
    return this.secrets.at(-1)?.hint ?? '';
  }

  /** The secret of it, of those that work or the newest, that was found where others can read it, if one was. */
  get leaked(): ApiKeySecret | undefined {
    return this.secrets.find(({ leakedAt }) => leakedAt !== null);
  }

  liveSecrets(now: Date): ApiKeySecret[] {
    return this.secrets.filter((secret) => secret.isLive(now));
  }

  /**
   * When the secret that is in use is due to be replaced; null when it never is, or the key is revoked. It counts from the
   * oldest secret that nothing has dated yet: one that waits for the first use of its successor is in use.
   *
   * @param everyDays the days that a secret may be in use; null for any number
   */
  rotationDueAt(everyDays: number | null): Date | null {
    if (everyDays === null || this.revokedAt !== null) return null;
    const undated = this.secrets.filter((secret) => secret.expiresAt === null && secret.revokedAt === null);
    if (undated.length === 0) return null;
    const oldest = Math.min(...undated.map(({ createdAt }) => createdAt.getTime()));
    return new Date(oldest + everyDays * MS_PER_DAY);
  }

  /** The time of a secret that is made now: after the newest one's, which another node's clock may have put ahead. */
  timeOfNextSecret(now: Date): Date {
    const newest = this.secrets.at(-1)?.createdAt.getTime() ?? 0;
    return new Date(Math.max(now.getTime(), newest + 1));
  }

  /**
   * All but the balance, which is spent from meanwhile. Throws `api_key_revoked`, because revoking is for good, and what
   * `issue` throws.
   */
  change(changes: ApiKeyChanges, application: Pick<KeyApplication, 'scopes'>, now: Date): void {
    assertExpiry(changes.expiresAt, now);
    assertDeclared(changes.scopes, application.scopes);
    this.assertNotRevoked();
    const before = this.settings;
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
    const changed = changedFields(before, this.settings);
    if (changed !== null) this.happened('Changed', changed.before, changed.after);
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
    const { id: secretId, hint, createdAt } = secret;
    this.happened('Rotated', null, { secretId, hint, createdAt, overlapSeconds });
  }

  /**
   * Ends one secret; returns false when it, or the whole key, had been ended before. Throws `secret_not_found`, and
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
    const { hint, revokedAt } = secret;
    const named = { secretId: id, hint };
    this.happened('SecretEnded', { ...named, revokedAt: null }, { ...named, revokedAt });
    return true;
  }

  private get settings(): EventFields {
    const { name, scopes, metadata, enabled, expiresAt, externalId, tags, ipAllowlist, rateLimits } = this;
    return { name, scopes, metadata, enabled, expiresAt, externalId, tags, ipAllowlist, rateLimits };
  }

  private happened(what: KeyEvent, before: EventFields | null, after: EventFields | null): void {
    const { id, applicationId, isForService } = this;
    const name =
      isForService && what !== 'Imported' ? (`ServiceKey${what}` as const) : (`ApiKey${what}` as const);
    const kind = isForService ? 'service_key' : 'api_key';
    this.record({ name, applicationId, target: { kind, id }, before, after });
  }

  private assertNotRevoked(): void {
    if (this.revokedAt !== null) {
      throw new DomainError('api_key_revoked', 'A revoked key cannot be changed: issue a new one.');
    }
  }
}

/** A key that an application hands out: any but a service key. */
export type HandedOutKey = ApiKey & { readonly applicationId: string; readonly environment: KeyEnvironment };

export function isHandedOut(key: ApiKey): key is HandedOutKey {
  return !key.isForService;
}

/** Whether a disabled or expired key may be active after them, and so counts against the limit of its application. */
export function mayActivate({ enabled, expiresAt }: ApiKeyChanges): boolean {
  return enabled === true || expiresAt !== undefined;
}

function assertExpiry(expiresAt: Date | null | undefined, now: Date): void {
  if (expiresAt === undefined || expiresAt === null) return;
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + MAX_EXPIRY_YEARS);
  if (expiresAt > now && expiresAt <= latest) return;
  throw invalid('expiresAt', `must lie in the future, at most ${MAX_EXPIRY_YEARS} years ahead`);
}

function assertDeclared(scopes: readonly string[] = [], declared: readonly string[] | null): void {
  if (undeclared(scopes, declared).length === 0) return;
  throw invalid('scopes', 'must be scopes that the application declares');
}

function invalid(field: string, message: string): DomainError {
  return new DomainError('validation_failed', `${field} ${message}.`, { errors: [{ field, message }] });
}
