import type { Pool } from 'pg';
import { BARRIER, commitStatement } from '../../../infrastructure/database/commit.js';
import type { ChangeProof } from '../../../shared/committed.js';
import type { NodeTable } from '../application/ports.js';
import { PROOF, SELECT_NODES, type SnapshotRow } from './rows.js';

const READ = `SELECT number::float8 AS last, (${SELECT_NODES}) AS nodes FROM key_change_counter`;
const LOOK = `
  SELECT number::float8 AS last, (${SELECT_NODES}) AS nodes, ${BARRIER},
         ARRAY(SELECT id::text FROM key_changes
                WHERE number = ANY ($1::bigint[]) AND kind = '${PROOF}' AND id = ANY ($2::uuid[])) AS proven
    FROM key_change_counter`;

/** What is asked of the nodes' table over the pool that requests use. */
export class PostgresNodeTable implements NodeTable {
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
    const { rows } = await this.pool.query<SnapshotRow>(READ);
    return first(rows);
  }

  async remove(id: string, renewal: number): Promise<void> {
    await this.pool.query('DELETE FROM freshness_nodes WHERE id = $1 AND renewal = $2', [id, renewal]);
  }

  /** Numbers are microseconds, so that they tell the age. The wall clock may be wrong: then nodes forget too much. */
  async trim(olderThanMs: number): Promise<void> {
    await this.pool.query(
      `DELETE FROM key_changes
        WHERE number < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $1::bigint * 1000
          AND number < (SELECT number FROM key_change_counter)`,
      [olderThanMs],
    );
  }
}

function first<T extends SnapshotRow>([snapshot]: readonly T[]): T {
  if (snapshot === undefined) throw new Error('key_change_counter has lost its row');
  return snapshot;
}
