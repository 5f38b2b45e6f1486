import { LOCAL_ISSUER } from '../../../shared/subject.js';
import type { ApiKey } from '../domain/api-key.js';
import type { ApiKeyDetailsDto, ApiKeyDto } from './api-key-answer.dto.js';

/** The only place that says what of a key leaves the service: no hash ever does. */
export function toResponse(key: ApiKey, now: Date): ApiKeyDto {
  return {
    id: key.id,
    applicationId: key.applicationId,
    name: key.name,
    environment: key.environment,
    hint: key.hint,
    scopes: key.scopes,
    status: key.status(now),
    createdAt: key.createdAt.toISOString(),
    createdBy: key.createdBySubject,
    ...(key.createdByIssuer === LOCAL_ISSUER ? {} : { createdByIssuer: key.createdByIssuer }),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
    revokedBy: key.revokedBySubject,
    ...(key.revokedByIssuer === null || key.revokedByIssuer === LOCAL_ISSUER
      ? {}
      : { revokedByIssuer: key.revokedByIssuer }),
    metadata: key.metadata,
    externalId: key.externalId,
    tags: key.tags,
    ipAllowlist: key.ipAllowlist,
    rateLimits: key.rateLimits,
    credits: key.credits,
  };
}

/** The same with the secrets that work: their hints and times. */
export function toDetails(key: ApiKey, now: Date): ApiKeyDetailsDto {
  const secrets = key.liveSecrets(now).map((secret) => ({
    id: secret.id,
    hint: secret.hint,
    createdAt: secret.createdAt.toISOString(),
    expiresAt: secret.expiresAt?.toISOString() ?? null,
    overlapSeconds: secret.overlapSeconds,
  }));
  return Object.assign(toResponse(key, now), { secrets });
}
