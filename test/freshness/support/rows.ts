import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

/** Rows as the service writes them, without the service. */
export async function insertApplication(pool: Pool): Promise<string> {
  const id = randomUUID();
  await pool.query(
    `INSERT INTO applications (id, name, environment, owner_issuer, owner_subject, created_at, updated_at, version)
     VALUES ($1, 'an application', 'production', 'issuer', 'subject', now(), now(), 1)`,
    [id],
  );
  return id;
}

export async function insertKey(pool: Pool, application: string): Promise<string> {
  const id = randomUUID();
  await pool.query(
    `WITH key AS (
       INSERT INTO api_keys (id, application_id, name, environment, scopes, metadata, enabled, created_at,
                             created_by_issuer, created_by_subject, version, tags, ip_allowlist, rate_limits, metered)
       VALUES ($1, $2, 'a key', 'live', '{}', '{}', true, now(), 'issuer', 'subject', 1, '{}', '{}', '[]', false)
       RETURNING id
     )
     INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, hint, created_at)
     SELECT gen_random_uuid(), id, $3, 1, 'hint', now() FROM key`,
    [id, application, randomBytes(32)],
  );
  return id;
}

export async function lastNumber(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ number: string }>('SELECT number FROM key_change_counter');
  return Number(rows[0]!.number);
}
