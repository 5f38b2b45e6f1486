import type { Pool } from 'pg';
import { BARRIER, commitStatement } from '../../../infrastructure/database/commit.js';
import { Batcher } from '../../../shared/concurrency/batcher.js';

/** Look-ups that are made at once share one statement. */
const BATCHES = { maxBatches: 2, maxCalls: 100 };

// A transaction that has written something sees what it has not committed: it must not be the one that is asked.
const FIND_COMMITTED = {
  name: 'committed_secrets',
  text: `SELECT hash FROM api_key_secrets
          WHERE hash = ANY ($1::bytea[]) AND pg_current_xact_id_if_assigned() IS NULL`,
};

const FIND_DURABLE = `SELECT count(*) > 0 AS found, ${BARRIER} FROM api_key_secrets WHERE hash = ANY ($1::bytea[])`;

const HAS_ENDED = `
  SELECT count(*) > 0 AS found, ${BARRIER}
    FROM api_key_secrets secret JOIN api_keys key ON key.id = secret.api_key_id
   WHERE secret.id = $1 AND (secret.revoked_at IS NOT NULL OR key.revoked_at IS NOT NULL)`;

/** Confirms, before a call is acknowledged, that a secret is stored or has been revoked. */
export class StoredSecrets {
  private readonly lookUps = new Batcher((hashes: readonly Buffer[]) => this.find(hashes), BATCHES);
  private partition = 0;

  constructor(private readonly pool: Pool) {}

  /** Whether the secret of this hash is committed. */
  isCommitted(hash: Buffer): Promise<boolean> {
    this.partition += 1;
    return this.lookUps.call(String(this.partition), hash);
  }

  /** Whether a secret of one of these hashes is there, and stays whatever becomes of the server. */
  isDurable(hashes: readonly Buffer[]): Promise<boolean> {
    return this.isFound(FIND_DURABLE, hashes);
  }

  /** Whether it is certain, and stays so, that the secret or all of its key has been ended. */
  hasEnded(secretId: string): Promise<boolean> {
    return this.isFound(HAS_ENDED, secretId);
  }

  private async find(hashes: readonly Buffer[]): Promise<boolean[]> {
    const { rows } = await this.pool.query<{ hash: Buffer }>({ ...FIND_COMMITTED, values: [hashes] });
    const found = new Set(rows.map(({ hash }) => hash.toString('hex')));
    return hashes.map((hash) => found.has(hash.toString('hex')));
  }

  private async isFound(text: string, value: unknown): Promise<boolean> {
    const { value: rows } = await commitStatement<{ found: boolean }>(this.pool, text, [value]);
    return rows[0]?.found === true;
  }
}
