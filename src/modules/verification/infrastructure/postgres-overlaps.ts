import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Overlaps } from '../application/overlaps.js';

@Injectable()
export class PostgresOverlaps extends Overlaps {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  async start(secretId: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      // The key's row first, as every change of a key does: two in another order would wait for each other.
      const waiting: { api_key_id: string; overlap_seconds: number; created_at: Date }[] =
        await manager.query(
          `SELECT s.api_key_id, s.overlap_seconds, s.created_at
           FROM api_keys k JOIN api_key_secrets s ON s.api_key_id = k.id
          WHERE s.id = $1 AND s.overlap_seconds IS NOT NULL
            FOR UPDATE`,
          [secretId],
        );
      const [secret] = waiting;
      if (secret === undefined) return;
      await manager.query(
        `UPDATE api_key_secrets
            SET expires_at = LEAST(expires_at, now() + make_interval(secs => $3))
          WHERE api_key_id = $1 AND created_at < $2 AND revoked_at IS NULL`,
        [secret.api_key_id, secret.created_at, secret.overlap_seconds],
      );
      await manager.query('UPDATE api_key_secrets SET overlap_seconds = NULL WHERE id = $1', [secretId]);
      // The secrets change only together with their key's version: see the repository.
      await manager.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [secret.api_key_id]);
    });
  }
}
