import type { Pool } from 'pg';
import { addressOf, type LastUse, type UsageCounter } from './usage-counters.js';

/** Repeated, or late, it changes nothing. A secret that was deleted meanwhile has nothing to be noted on. */
const WRITE_USES = `
  INSERT INTO api_key_secret_usage AS u (secret_id, last_used_at, last_used_from)
  SELECT n.secret, n.at, n.address
    FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS n (secret, at, address)
    JOIN api_key_secrets s ON s.id = n.secret
   ORDER BY n.secret
      ON CONFLICT (secret_id) DO UPDATE
     SET last_used_at = excluded.last_used_at, last_used_from = excluded.last_used_from
   WHERE u.last_used_at <= excluded.last_used_at`;

/**
 * Notes of secrets that have been replaced when, and from where, they were used last: so whoever has rotated a key sees
 * who has not changed over yet. Few keys are in an overlap at a time.
 */
export async function writeReplacedSecrets(
  pool: Pool,
  counters: readonly UsageCounter[],
  statementMs: number | undefined,
): Promise<void> {
  const latest = new Map<string, LastUse>();
  for (const { replacedSecrets } of counters) {
    for (const [secretId, use] of replacedSecrets ?? []) {
      if (use.lastUsedAt > (latest.get(secretId)?.lastUsedAt ?? 0)) latest.set(secretId, use);
    }
  }
  if (latest.size === 0) return;
  await pool.query({
    name: 'write_replaced_secrets',
    text: WRITE_USES,
    values: [
      [...latest.keys()],
      [...latest.values()].map(({ lastUsedAt }) => new Date(lastUsedAt)),
      [...latest.values()].map(addressOf),
    ],
    ...(statementMs !== undefined && { query_timeout: statementMs }),
  });
}
