import type { Pool } from 'pg';
import type { NodeTable } from '../application/ports.js';
import { SELECT_NODES, type SnapshotRow } from './rows.js';

/** What is asked of the nodes' table over the pool that requests use. */
export class PostgresNodeTable implements NodeTable {
  constructor(private readonly pool: Pool) {}

  async read(): Promise<SnapshotRow> {
    const { rows } = await this.pool.query<SnapshotRow>(
      `SELECT number::float8 AS last, (${SELECT_NODES}) AS nodes FROM key_change_counter`,
    );
    const [snapshot] = rows;
    if (snapshot === undefined) throw new Error('key_change_counter has lost its row');
    return snapshot;
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
