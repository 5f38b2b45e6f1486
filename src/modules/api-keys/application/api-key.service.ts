import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import {
  ApiKey,
  ApiKeySecret,
  type ApiKeyChanges,
  type ApiKeySettings,
  type KeyStatus,
} from '../domain/api-key.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';
import { generateKey } from '../domain/key-format.js';
import { KeyHasher } from '../domain/key-hasher.js';
import type { PlaintextKey } from '../domain/plaintext-key.js';

/** How often a change is tried again when another one came between. */
const CHANGE_ATTEMPTS = 5;

/** Years that an expiry may lie ahead. */
const MAX_EXPIRY_YEARS = 10;

/** What the operator sets. */
export abstract class ApiKeyLimits {
  abstract readonly maxActiveKeysPerApplication: number;
}

export interface IssuedKey {
  id: string;
  /** To be shown once, and kept nowhere. */
  plaintext: PlaintextKey;
}

/** What people do with keys. Who may is decided before it comes here. */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly hasher: KeyHasher,
    private readonly limits: ApiKeyLimits,
    private readonly clock: Clock,
  ) {}

  /** Throws `validation_failed` for an expiry out of range, `api_key_limit_reached`, `application_not_found`. */
  async issue(applicationId: string, settings: ApiKeySettings, by: Subject): Promise<IssuedKey> {
    const now = this.clock.now();
    assertExpiry(settings.expiresAt, now);
    const environment = settings.environment ?? 'live';
    const plaintext = generateKey(environment);
    const id = uuidv7();
    const secret = ApiKeySecret.create(uuidv7(), id, this.hasher.hash(plaintext), plaintext.hint, now);
    const key = ApiKey.issue(id, applicationId, { ...settings, environment }, secret, by, now);
    await this.keys.insert(key, this.limits.maxActiveKeysPerApplication);
    return { id, plaintext };
  }

  async list(
    applicationId: string,
    query: { status?: KeyStatus; limit?: number; cursor?: string },
  ): Promise<Page<ApiKey>> {
    const filter = { applicationId, status: query.status };
    const page = readPage(query, filter);
    const rows = await this.keys.list(
      { applicationId, ...(query.status === undefined ? {} : { status: query.status }) },
      page,
      this.clock.now(),
    );
    return toPage(rows, page.limit, filter);
  }

  /** Throws `api_key_not_found`. */
  async get(id: string): Promise<ApiKey> {
    const key = await this.keys.find(id);
    if (key === null) throw apiKeyNotFound();
    return key;
  }

  /** Throws `api_key_revoked`, `validation_failed`, and `edit_conflict` when others keep changing it. */
  async change(key: ApiKey, changes: ApiKeyChanges): Promise<ApiKey> {
    assertExpiry(changes.expiresAt, this.clock.now());
    let current = key;
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      current.change(changes);
      const updated = await this.keys.update(current);
      current = await this.get(current.id);
      if (updated) return current;
    }
    throw new DomainError('edit_conflict', 'Others are changing this key: read it again and retry.');
  }

  /** Again and again with the same result: the key is revoked for good. */
  async revoke(key: ApiKey, by: Subject): Promise<void> {
    await this.keys.revoke(key.id, by, this.clock.now());
  }
}

function assertExpiry(expiresAt: Date | null | undefined, now: Date): void {
  if (expiresAt === undefined || expiresAt === null) return;
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + MAX_EXPIRY_YEARS);
  if (expiresAt > now && expiresAt <= latest) return;
  const message = `must lie in the future, at most ${MAX_EXPIRY_YEARS} years ahead`;
  throw new DomainError('validation_failed', `expiresAt ${message}.`, {
    errors: [{ field: 'expiresAt', message }],
  });
}

export function apiKeyNotFound(): DomainError {
  return new DomainError(
    'api_key_not_found',
    'There is no key of this id: list the keys of an application with GET /apikey?ApplicationId={id}.',
  );
}
