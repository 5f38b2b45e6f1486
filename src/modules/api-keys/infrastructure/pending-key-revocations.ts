import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { recordRevocations, type RevokedKey } from './record-revocations.js';

/**
 * Up to `$1` keys of the application `$2`, or of any, in the order of their ids, as everybody locks them. Whoever finds
 * no further key has found the last one: no key is issued for a deleted application.
 */
const REVOKE_SOME = `
  WITH pending AS MATERIALIZED (
    SELECT * FROM pending_key_revocations WHERE application_id = coalesce($2, application_id)
     ORDER BY application_id LIMIT 1 FOR UPDATE SKIP LOCKED
  ), locked AS MATERIALIZED (
    SELECT id FROM api_keys
     WHERE application_id = (SELECT application_id FROM pending) AND revoked_at IS NULL
     ORDER BY id LIMIT $1 FOR NO KEY UPDATE
  ), revoked AS (
    UPDATE api_keys
       SET revoked_at = pending.revoked_at, revoked_by_issuer = pending.revoked_by_issuer,
           revoked_by_subject = pending.revoked_by_subject, version = version + 1
      FROM locked, pending WHERE api_keys.id = locked.id
    RETURNING api_keys.id, api_keys.application_id, api_keys.environment, api_keys.revoked_at
  ), finished AS (
    DELETE FROM pending_key_revocations USING pending
     WHERE pending_key_revocations.application_id = pending.application_id
       AND (SELECT count(*) FROM locked) < $1
  )
  SELECT count(*)::integer AS applications, (SELECT coalesce(jsonb_agg(revoked), '[]') FROM revoked) AS revoked
    FROM pending`;

/**
 * Notes, inside the transaction that deletes the application, that its keys are to be revoked in the name of the actor.
 * Verification takes them for revoked as soon as their application is deleted, so nothing waits for it.
 */
export async function addPendingRevocations(
  applicationId: string,
  now: Date,
  tx: Transaction,
): Promise<void> {
  const { issuer, subject } = tx.actor;
  await managerOf(tx).query(
    `INSERT INTO pending_key_revocations (application_id, revoked_at, revoked_by_issuer, revoked_by_subject)
     VALUES ($1, $2, $3, $4)`,
    [applicationId, now, issuer, subject],
  );
}

/** Revokes up to `limit` such keys, of one application or else of any, and says whether there may be more. */
export async function revokeSomePending(
  limit: number,
  applicationId: string | null,
  tx: Transaction,
): Promise<boolean> {
  const [found] = await managerOf(tx).query<{ applications: number; revoked: RevokedKey[] }[]>(REVOKE_SOME, [
    limit,
    applicationId,
  ]);
  recordRevocations(found?.revoked ?? [], tx);
  return found !== undefined && found.applications > 0;
}
