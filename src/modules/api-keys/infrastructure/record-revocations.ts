import { expectProof } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';

/** A key that a statement has revoked, as JSON has it. */
export interface RevokedKey {
  id: string;
  application_id: string | null;
  environment: string;
  revoked_at: string;
}

/** Records what was revoked by a statement, without reading the keys. */
export function recordRevocations(keys: readonly RevokedKey[], tx: Transaction): void {
  if (keys.length === 0) return;
  expectProof(tx);
  tx.record(
    keys.map(({ id, application_id: applicationId, environment, revoked_at: revokedAt }) => ({
      name: environment === 'service' ? 'ServiceKeyRevoked' : 'ApiKeyRevoked',
      applicationId,
      target: { kind: environment === 'service' ? 'service_key' : 'api_key', id },
      before: { revokedAt: null },
      after: { revokedAt: new Date(revokedAt) },
    })),
  );
}
