import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';

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
