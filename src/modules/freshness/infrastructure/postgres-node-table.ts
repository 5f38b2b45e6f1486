import type { Pool } from 'pg';
import { BARRIER, commitStatement } from '../../../infrastructure/database/commit.js';
import type { ChangeProof } from '../../../shared/committed.js';
import type { NodeTable } from '../application/ports.js';
import { MAX_CHANGES, PROOF, SELECT_NODES, type SnapshotRow } from './freshness-sql.js';

const FOREIGN_KEY_VIOLATION = '23503';

const READ_NODES = `SELECT number::float8 AS last, (${SELECT_NODES}) AS nodes FROM key_change_counter`;
export const LOOK = `
  SELECT number::float8 AS last, (${SELECT_NODES}) AS nodes, ${BARRIER},
         ARRAY(SELECT id::text FROM key_changes
                WHERE number = ANY ($1::bigint[]) AND kind = '${PROOF}' AND id = ANY ($2::uuid[])) AS proven
    FROM key_change_counter`;

// The foreign key is checked after both, against what has been committed by then.
const REMOVE = `
  WITH renewals AS (DELETE FROM freshness_renewals WHERE node = $1 AND renewal <= $2)
  DELETE FROM freshness_nodes
   WHERE id = $1 AND NOT EXISTS (SELECT FROM freshness_renewals WHERE node = $1 AND renewal > $2)`;

// By the number of rows, not by a clock: what nobody reads need not be kept.
const TRIM = `
  WITH kept AS (SELECT number FROM key_changes WHERE kind <> '${PROOF}' ORDER BY number DESC OFFSET ${MAX_CHANGES} LIMIT 1),
       trimmed AS (DELETE FROM key_changes USING kept WHERE key_changes.number >= $1 AND key_changes.number < kept.number)
  SELECT number::float8 FROM kept`;

/** What is asked of the nodes' table over the pool that requests use. */
export class PostgresNodeTable implements NodeTable {
  /** Up to here the feed has been trimmed: among deleted rows, too, there would be much to look through. */
  private trimmedTo = 0;

  constructor(private readonly pool: Pool) {}

  async look(changes: readonly ChangeProof[]): Promise<SnapshotRow & { proven: ReadonlySet<string> }> {
    const { value } = await commitStatement<SnapshotRow & { proven: string[] }>(this.pool, LOOK, [
      changes.map(({ number }) => number),
      changes.map(({ id }) => id),
    ]);
    const snapshot = first(value);
    return { ...snapshot, proven: new Set(snapshot.proven) };
  }

  async read(): Promise<SnapshotRow> {
    const { rows } = await this.pool.query<SnapshotRow>(READ_NODES);
    return first(rows);
  }

  async remove(id: string, renewal: number): Promise<void> {
    try {
      await this.pool.query(REMOVE, [id, renewal]);
    } catch (error) {
      // It has renewed since this statement looked.
      if ((error as { code?: unknown }).code !== FOREIGN_KEY_VIOLATION) throw error;
    }
  }

  async trim(): Promise<void> {
    const { rows } = await this.pool.query<{ number: number }>(TRIM, [this.trimmedTo]);
    if (rows[0] !== undefined) this.trimmedTo = rows[0].number;
  }
}

function first<T extends SnapshotRow>([snapshot]: readonly T[]): T {
  if (snapshot === undefined) throw new Error('key_change_counter has lost its row');
  return snapshot;
}
