import type { TestApp } from './test-app.js';

/**
 * Inserts so many unrevoked keys by SQL, half of them disabled and half expired, as they pile up over the years. Their ids
 * come before those of keys that are issued.
 */
export async function insertIdleKeys(app: TestApp, applicationId: string, count: number): Promise<void> {
  await app.query(
    `INSERT INTO api_keys (id, application_id, name, environment, scopes, metadata, enabled, expires_at, created_at,
                           created_by_issuer, created_by_subject, tags, ip_allowlist, rate_limits, metered,
                           version)
     SELECT overlay(gen_random_uuid()::text PLACING '00' FROM 1)::uuid, $1, 'idle', 'live', '{}', '{}', n % 2 = 0, CASE WHEN n % 2 = 0 THEN now() END,
            now() - interval '1 year',
            'test', 'test', '{}', '{}', '[]', false, 1
       FROM generate_series(1, $2::integer) n`,
    [applicationId, count],
  );
}
