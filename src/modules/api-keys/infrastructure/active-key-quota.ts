import type { EntityManager } from 'typeorm';
import { DomainError } from '../../../shared/domain-error.js';
import { MS_PER_DAY } from '../../../shared/durations.js';
import { OptimisticLockError } from '../../../shared/unit-of-work.js';
import type { ApiKey } from '../domain/api-key.js';
import type { ApiKeyLimits } from '../domain/api-key-limits.js';

/**
 * Reserves room for new keys below the limits of an application, and locks its counts until the end of the transaction.
 * Throws `application_not_found`, `api_key_limit_reached` and `daily_key_limit_reached`.
 */
export async function reserveKeyQuota(
  manager: EntityManager,
  applicationId: string,
  keys: number,
  { maxActiveKeysPerApplication: maxActive, maxKeysIssuedPerDay: maxPerDay }: ApiKeyLimits,
  now: Date,
): Promise<void> {
  const [quota] = await manager.query<{ refusal: string | null }[]>(
    'SELECT reserve_issue_quota($1, $2, $3, $4, $5) AS refusal',
    [applicationId, keys, maxActive, maxPerDay, now],
  );
  if (quota?.refusal === 'application_not_found') {
    throw new DomainError('application_not_found', 'The application has been deleted.');
  }
  if (quota?.refusal === 'api_key_limit_reached') throw limitReached(maxActive);
  if (quota?.refusal === 'daily_key_limit_reached') {
    const retryAfter = Math.ceil((MS_PER_DAY - (now.getTime() % MS_PER_DAY)) / 1000);
    throw new DomainError(
      'daily_key_limit_reached',
      `The application may be issued ${maxPerDay} keys a day, and no more: go on after midnight (UTC).`,
      {
        retryAfter,
        // Of draft-ietf-httpapi-ratelimit-headers.
        headers: {
          'RateLimit-Policy': `"keys";q=${maxPerDay};w=${MS_PER_DAY / 1000}`,
          RateLimit: `"keys";r=0;t=${retryAfter}`,
        },
      },
    );
  }
}

/**
 * Reserves room for a key that a change may make active. Throws `api_key_limit_reached` if the change would make one
 * active key too many, and `OptimisticLockError` if the application has been deleted, together with its keys.
 */
export async function reserveActivationQuota(
  manager: EntityManager,
  key: ApiKey,
  maxActive: number,
): Promise<void> {
  // A platform key belongs to no application, and counts towards no limit.
  if (key.applicationId === null) return;
  const [quota] = await manager.query<{ refusal: string | null }[]>(
    'SELECT reserve_activation_quota($1, $2, $3, $4) AS refusal',
    [key.id, key.applicationId, maxActive, key.expiresAt],
  );
  if (quota?.refusal === 'application_not_found') throw new OptimisticLockError();
  if (quota?.refusal === 'api_key_limit_reached') throw limitReached(maxActive);
}

function limitReached(maxActive: number): DomainError {
  return new DomainError(
    'api_key_limit_reached',
    `The application may have ${maxActive} active keys, and no more: revoke what is not needed.`,
  );
}
