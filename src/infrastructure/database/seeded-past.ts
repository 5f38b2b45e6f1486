import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';

/** What triggers keep as it was written. */
const TRAIL = ['audit_events', 'audit_checkpoints'];

/** What time alone can make, for data that is made up: no service lets anybody say when something was done. */
export class SeededPast {
  private constructor(private readonly dataSource: DataSource) {}

  static of(app: INestApplicationContext): SeededPast {
    return new SeededPast(app.get(DataSource));
  }

  /** Makes keys of an application as old as this, and the application as the oldest of them. */
  async backdate(keys: readonly { id: string; createdAt: Date; expiredAt: Date | null }[]): Promise<void> {
    await this.dataSource.query(
      `WITH given AS (
         SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS n (id, created, expired)),
       secrets AS (
         UPDATE api_key_secrets s SET created_at = n.created FROM given n WHERE s.api_key_id = n.id),
       keys AS (
         UPDATE api_keys k SET created_at = n.created, expires_at = coalesce(n.expired, k.expires_at)
           FROM given n WHERE k.id = n.id RETURNING k.application_id)
       UPDATE applications SET created_at = (SELECT min(created) FROM given)
        WHERE id IN (SELECT application_id FROM keys)`,
      [
        keys.map(({ id }) => id),
        keys.map(({ createdAt }) => createdAt.toISOString()),
        keys.map(({ expiredAt }) => expiredAt?.toISOString() ?? null),
      ],
    );
  }

  /**
   * Has the audit trail of an application tell the same: each event is put at the time of what it is about, by its id,
   * and otherwise at that of the first, and all are chained again. The database lets nobody do that but the owner of the
   * tables: for others the trail stays as it is.
   */
  async retell(applicationId: string, times: ReadonlyMap<string, Date>): Promise<void> {
    const [row] = await this.dataSource.query<{ isOwner: boolean }[]>(
      `SELECT pg_has_role(relowner, 'USAGE') AS "isOwner" FROM pg_class WHERE oid = 'audit_events'::regclass`,
    );
    if (row?.isOwner !== true) return;
    await this.dataSource.transaction(async (manager) => {
      // Whoever appends waits for the end of this.
      for (const table of TRAIL) await manager.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
      await manager.query('DELETE FROM audit_checkpoints WHERE chain = $1', [applicationId]);
      const events = await manager.query<{ seq: string; about: string }[]>(
        `SELECT seq, event -> 'target' ->> 'id' AS about FROM audit_events WHERE chain = $1 ORDER BY seq`,
        [applicationId],
      );
      let at = Math.min(...[...times.values()].map(Number));
      let previous: Buffer | null = null;
      for (const { seq, about } of events) {
        at = Math.max(at, Number(times.get(about) ?? at));
        const [rows]: [{ hash: Buffer }[], number] = await manager.query(
          `UPDATE audit_events SET at = $3, previous = $4,
                  hash = sha256(convert_to(audit_entry(chain, seq, $3, event::text, $4), 'UTF8'))
            WHERE chain = $1 AND seq = $2 RETURNING hash`,
          [applicationId, seq, new Date(at).toISOString(), previous],
        );
        previous = rows[0]?.hash ?? null;
      }
      for (const table of TRAIL) await manager.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
    });
  }

  /** Adds verifications to the hours in which they are to have been. */
  async count(
    applicationId: string,
    rows: readonly { keyId: string; hour: Date; verdict: string; count: number }[],
  ): Promise<void> {
    await this.dataSource.query(
      'SELECT count_usage($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::bigint[])',
      [
        rows.map(({ keyId }) => keyId),
        rows.map(() => applicationId),
        rows.map(({ hour }) => hour.toISOString()),
        rows.map(({ verdict }) => verdict),
        rows.map(({ count }) => count),
      ],
    );
  }

  /** Says when, and from where, keys were used last. */
  async noteUses(uses: readonly { keyId: string; at: Date; address: string }[]): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO api_key_usage (api_key_id, last_used_at, last_used_from)
       SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[])`,
      [
        uses.map(({ keyId }) => keyId),
        uses.map(({ at }) => at.toISOString()),
        uses.map(({ address }) => address),
      ],
    );
  }

  /** Notes refusals of keys, the oldest first. */
  async refuse(
    applicationId: string,
    refusals: readonly { keyId: string; at: Date; verdict: string; cause: string; details: object }[],
  ): Promise<void> {
    const slots = new Map<string, number>();
    const rows = refusals.map(({ keyId, at, ...refusal }) => {
      const slot = slots.get(keyId) ?? 0;
      slots.set(keyId, slot + 1);
      return { ...refusal, keyId, slot, id: uuidv7(), at: at.toISOString(), request: randomUUID() };
    });
    await this.dataSource.query(
      `WITH given AS (
         SELECT * FROM jsonb_to_recordset($2::jsonb) AS n (
           "keyId" uuid, slot smallint, id uuid, at timestamptz, verdict text, cause text, details jsonb, request text)),
       rings AS (
         INSERT INTO denial_rings (id, written, written_at)
         SELECT "keyId", count(*), max(at) FROM given GROUP BY "keyId")
       INSERT INTO denials (ring_id, slot, id, application_id, api_key_id, at, verdict, cause, request_id, address,
                            caller_address, repeated, details)
       SELECT "keyId", slot, id, $1, "keyId", at, verdict, cause, request, '203.0.113.9', '10.0.0.5', 1, details
         FROM given`,
      [applicationId, JSON.stringify(rows)],
    );
  }
}
