import type { EntityManager } from 'typeorm';
import type { Subject } from '../../../shared/subject.js';

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
  ), finished AS (
    DELETE FROM pending_key_revocations USING pending
     WHERE pending_key_revocations.application_id = pending.application_id
       AND (SELECT count(*) FROM locked) < $1
  )
  SELECT count(*)::integer AS applications FROM pending`;

/**
 * The keys of deleted applications that are still to be revoked. Verification takes them for revoked since their
 * application was deleted, so nothing waits for it.
 */
export class PendingKeyRevocations {
  constructor(private readonly manager: EntityManager) {}

  /** Inside the transaction that deletes the application. */
  async add(applicationId: string, by: Subject, now: Date): Promise<void> {
    await this.manager.query(
      `INSERT INTO pending_key_revocations (application_id, revoked_at, revoked_by_issuer, revoked_by_subject)
       VALUES ($1, $2, $3, $4)`,
      [applicationId, now, by.issuer, by.subject],
    );
  }

  /** Revokes up to `limit` keys of this application, or else of any, and says whether there may be more. */
  async revokeSome(limit: number, applicationId: string | null = null): Promise<boolean> {
    const [found] = await this.manager.query<{ applications: number }[]>(REVOKE_SOME, [limit, applicationId]);
    return found !== undefined && found.applications > 0;
  }
}
