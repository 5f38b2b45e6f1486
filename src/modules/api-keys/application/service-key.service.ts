import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import { Freshness } from '../../freshness/index.js';
import type { IdempotentRequest } from '../../idempotency/index.js';
import type { ApiKey, ApiKeyChanges } from '../domain/api-key.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';
import { ApiKeyService, type IssuedKey, type IssuingHolder, type Rotation } from './api-key.service.js';

/** What a service key has, and what of it may be changed: the rest of a key is for keys that are handed out. */
export type ServiceKeyChanges = Pick<
  ApiKeyChanges,
  'name' | 'scopes' | 'enabled' | 'expiresAt' | 'ipAllowlist'
>;

/**
 * Service keys are keys like the others: they are kept, rotated and revoked in the same way, with the same promises.
 * Their scopes are those of this service, whatever the application declares for the keys that it hands out.
 *
 * Each is of an application, or, where `applicationId` is null, of the platform.
 */
@Injectable()
export class ServiceKeyService {
  constructor(
    private readonly keys: ApiKeyService,
    private readonly rows: ApiKeyRepository,
    private readonly clock: Clock,
    private readonly freshness: Freshness,
  ) {}

  /** @param application null for the platform. Throws what `ApiKeyService.issue` throws. */
  issue(
    actor: Actor,
    application: Pick<IssuingHolder, 'id' | 'storedPolicy'> | null,
    settings: Omit<ServiceKeyChanges, 'enabled'>,
    request?: IdempotentRequest,
  ): Promise<IssuedKey> {
    const holder = {
      id: application?.id ?? null,
      storedPolicy: application?.storedPolicy ?? null,
      scopes: null,
    };
    return this.keys.issue(actor, holder, { ...settings, environment: 'service' }, request);
  }

  async list(
    applicationId: string | null,
    query: { limit?: number; cursor?: string },
  ): Promise<Page<ApiKey>> {
    const filter = { serviceKeysOf: applicationId ?? 'platform' };
    const page = readPage(query, filter);
    const now = this.clock.now();
    const rows = await this.freshness.read((atLeast) =>
      this.rows.list({ applicationId, forServices: true }, page, now, atLeast),
    );
    return toPage(rows, page.limit, filter);
  }

  /** Throws `service_key_not_found`, also for one of another application. */
  async get(applicationId: string | null, id: string): Promise<ApiKey> {
    const key = await this.freshness.read((atLeast) => this.rows.find(id, atLeast));
    if (key?.isForService === true && key.applicationId === applicationId) return key;
    throw new DomainError('service_key_not_found', 'List the service keys, and use the id of one of them.');
  }

  /** Throws what `ApiKeyService.change` throws. */
  change(actor: Actor, key: ApiKey, changes: ServiceKeyChanges): Promise<ApiKey> {
    return this.keys.change(actor, { scopes: null }, key, changes);
  }

  /** Throws what `ApiKeyService.rotate` throws. */
  rotate(actor: Actor, key: ApiKey, rotation: Rotation, request?: IdempotentRequest): Promise<IssuedKey> {
    return this.keys.rotate(actor, key, rotation, request);
  }

  /** Again and again with the same result: the key is revoked for good. */
  revoke(actor: Actor, key: ApiKey): Promise<void> {
    return this.keys.revoke(actor, key);
  }
}
