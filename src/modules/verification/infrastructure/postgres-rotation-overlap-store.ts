import { Injectable } from '@nestjs/common';
import { expectProof, managerOf } from '../../../infrastructure/database/transaction.js';
import { systemActor } from '../../../shared/actor.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { RotationOverlapStore } from '../application/rotation-overlap-store.js';

interface WaitingSecret {
  api_key_id: string;
  application_id: string | null;
  environment: string;
  overlap_seconds: number;
  created_at: Date;
}

@Injectable()
export class PostgresRotationOverlapStore extends RotationOverlapStore {
  constructor(private readonly unitOfWork: UnitOfWork) {
    super();
  }

  async start(secretId: string): Promise<void> {
    await this.unitOfWork.run(systemActor('overlap'), (tx) => start(secretId, tx));
  }
}

async function start(secretId: string, tx: Transaction): Promise<void> {
  const manager = managerOf(tx);
  // The key's row first, as every change of a key does: two in another order would deadlock.
  const [secret] = await manager.query<WaitingSecret[]>(
    `SELECT s.api_key_id, k.application_id, k.environment, s.overlap_seconds, s.created_at
       FROM api_keys k JOIN api_key_secrets s ON s.api_key_id = k.id
      WHERE s.id = $1 AND s.overlap_seconds IS NOT NULL
        FOR UPDATE`,
    [secretId],
  );
  if (secret === undefined) return;
  const { api_key_id: id, application_id: applicationId, overlap_seconds: overlapSeconds } = secret;
  await manager.query(
    `UPDATE api_key_secrets
        SET expires_at = LEAST(expires_at, now() + make_interval(secs => $3))
      WHERE api_key_id = $1 AND created_at < $2 AND revoked_at IS NULL`,
    [id, secret.created_at, overlapSeconds],
  );
  await manager.query('UPDATE api_key_secrets SET overlap_seconds = NULL WHERE id = $1', [secretId]);
  // The secrets change only together with their key's version: see the repository.
  await manager.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [id]);
  expectProof(tx);
  const isForService = secret.environment === 'service';
  const name = isForService ? 'ServiceKeyOverlapStarted' : 'ApiKeyOverlapStarted';
  const target = { kind: isForService ? 'service_key' : 'api_key', id } as const;
  const after = { secretId, overlapSeconds };
  tx.record([{ name, applicationId, target, before: null, after }]);
}
