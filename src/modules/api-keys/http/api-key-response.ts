import type { Application } from '../../applications/index.js';
import type { ServiceScope } from '../../../shared/scopes.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import type { ApiKey, HandedOutKey } from '../domain/api-key.js';
import type { ApiKeyDetailsDto, ApiKeyDto, ApiKeySecretDto } from './api-key-response.dto.js';
import type { ServiceKeyDetailsDto, ServiceKeyDto } from './service-key.dto.js';

/** Of the application of a key, what its answer tells of the key. */
type Demands = Pick<Application, 'policy'>;

/** The only place that decides which fields of a key leave the service. A hash never does. */
export function toApiKeyResponse(key: HandedOutKey, application: Demands, now: Date): ApiKeyDto {
  return {
    ...commonFields(key, application, now),
    applicationId: key.applicationId,
    environment: key.environment,
    metadata: key.metadata,
    externalId: key.externalId,
    tags: key.tags,
    rateLimits: key.rateLimits,
    credits: key.credits,
  };
}

/** The same with the secrets that work: their hints and times. */
export function toApiKeyDetailsResponse(
  key: HandedOutKey,
  application: Demands,
  now: Date,
): ApiKeyDetailsDto {
  return Object.assign(toApiKeyResponse(key, application, now), { secrets: secretsOf(key, now) });
}

/** @param application whose key it is */
export function toServiceKeyResponse(key: ApiKey, application: Application, now: Date): ServiceKeyDto {
  // A service key is issued with no other scopes.
  const scopes = key.scopes as ServiceScope[];
  return { ...commonFields(key, application, now), applicationId: application.id, scopes };
}

export function toServiceKeyDetailsResponse(
  key: ApiKey,
  application: Application,
  now: Date,
): ServiceKeyDetailsDto {
  return Object.assign(toServiceKeyResponse(key, application, now), { secrets: secretsOf(key, now) });
}

/** The fields that all keys have. */
function commonFields(
  key: ApiKey,
  { policy }: Demands,
  now: Date,
): Omit<
  ApiKeyDto,
  'applicationId' | 'environment' | 'metadata' | 'externalId' | 'tags' | 'rateLimits' | 'credits'
> {
  return {
    id: key.id,
    name: key.name,
    hint: key.hint,
    scopes: key.scopes,
    status: key.status(now),
    createdAt: key.createdAt.toISOString(),
    createdBy: key.createdBySubject,
    ...(key.createdByIssuer === LOCAL_ISSUER ? {} : { createdByIssuer: key.createdByIssuer }),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    rotationDueAt: key.rotationDueAt(policy.rotateEvery)?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    lastUsedFrom: key.lastUsedFrom,
    revokedAt: key.revokedAt?.toISOString() ?? null,
    revokedBy: key.revokedBySubject,
    ...(key.revokedByIssuer === null || key.revokedByIssuer === LOCAL_ISSUER
      ? {}
      : { revokedByIssuer: key.revokedByIssuer }),
    ipAllowlist: key.ipAllowlist,
    leakedAt: key.leaked?.leakedAt?.toISOString() ?? null,
    leakedFrom: key.leaked?.leakedFrom ?? null,
  };
}

function secretsOf(key: ApiKey, now: Date): ApiKeySecretDto[] {
  return key.liveSecrets(now).map((secret) => ({
    id: secret.id,
    hint: secret.hint,
    createdAt: secret.createdAt.toISOString(),
    expiresAt: secret.expiresAt?.toISOString() ?? null,
    overlapSeconds: secret.overlapSeconds,
    lastUsedAt: secret.lastUsedAt?.toISOString() ?? null,
    lastUsedFrom: secret.lastUsedFrom,
  }));
}
