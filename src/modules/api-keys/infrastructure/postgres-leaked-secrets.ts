import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BARRIER } from '../../../infrastructure/database/commit.js';
import { Snapshots } from '../../../infrastructure/database/snapshots.js';
import { expectProof, managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import { LeakedSecrets, type LockedSecret } from '../domain/leaked-secrets.js';

const WORKING_SECRETS = `
  WITH working AS (
    SELECT s.id AS "secretId", s.hint, k.id AS "keyId", k.environment = 'service' AS "isForService"
      FROM api_key_secrets s JOIN api_keys k ON k.id = s.api_key_id
     WHERE s.id = ANY ($1) AND k.revoked_at IS NULL AND s.revoked_at IS NULL
       AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())
  )
  SELECT coalesce(jsonb_agg(working), '[]') AS secrets, ${BARRIER} FROM working`;

@Injectable()
export class PostgresLeakedSecrets extends LeakedSecrets {
  private readonly snapshots: Snapshots;

  constructor(@InjectDataSource() dataSource: DataSource) {
    super();
    this.snapshots = new Snapshots(dataSource);
  }

  findImported(
    hashes: readonly Buffer[],
    atLeast: number,
  ): Promise<Dated<{ hash: Buffer; secretId: string; applicationId: string }[]>> {
    return this.snapshots.read(atLeast, (snapshot) =>
      managerOf(snapshot).query<{ hash: Buffer; secretId: string; applicationId: string }[]>(
        `SELECT hash, id AS "secretId", imported_for AS "applicationId" FROM api_key_secrets
          WHERE hash = ANY ($1) AND imported_for IS NOT NULL`,
        [hashes],
      ),
    );
  }

  async lockSecrets(secretIds: readonly string[], tx: Transaction): Promise<LockedSecret[]> {
    const manager = managerOf(tx);
    // In the order of their ids, as everybody locks several. The secrets are looked at in a snapshot that comes after.
    await manager.query(
      `SELECT FROM api_keys WHERE id IN (SELECT api_key_id FROM api_key_secrets WHERE id = ANY ($1))
        ORDER BY id FOR NO KEY UPDATE`,
      [secretIds],
    );
    const [row] = await manager.query<{ secrets: LockedSecret[] }[]>(WORKING_SECRETS, [secretIds]);
    return row?.secrets ?? [];
  }

  async markLeaked(
    leaks: readonly { secretId: string; from: string | null }[],
    now: Date,
    tx: Transaction,
  ): Promise<string[]> {
    const [rows] = await managerOf(tx).query<[{ id: string }[], number]>(
      `UPDATE api_key_secrets SET leaked_at = $1, leaked_from = leak.source
         FROM unnest($2::uuid[], $3::text[]) AS leak (id, source)
        WHERE api_key_secrets.id = leak.id AND leaked_at IS NULL RETURNING api_key_secrets.id`,
      [now, leaks.map(({ secretId }) => secretId), leaks.map(({ from }) => from)],
    );
    if (rows.length > 0) expectProof(tx);
    return rows.map(({ id }) => id);
  }

  async disableAll(ids: readonly string[], tx: Transaction): Promise<string[]> {
    const [rows] = await managerOf(tx).query<[{ id: string }[], number]>(
      'UPDATE api_keys SET enabled = false, version = version + 1 WHERE id = ANY ($1) AND enabled RETURNING id',
      [ids],
    );
    if (rows.length > 0) expectProof(tx);
    return rows.map(({ id }) => id);
  }
}
