import type { Pool } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { Committed } from '../../shared/committed.js';
import { NotCommitted } from './connection-errors.js';
import type { PooledClient } from './pooled-client.js';

/**
 * A column for statements that must be committed, also when they find nothing to do: it makes the transaction one that
 * writes. So its COMMIT waits for the synchronous standbys, for all that the statement has seen, and a server that is
 * none any more cannot commit it.
 */
export const BARRIER = `pg_logical_emit_message(true, 'upblit', '')`;

/**
 * Whether another server may answer in the place of the primary, or this one is none: what it does not find has to be
 * confirmed with BARRIER, since new rows take no number.
 */
export const IS_REPLICATED = `(current_setting('synchronous_standby_names') <> '' OR pg_is_in_recovery())`;

/** Runs a transaction, and returns what it has done with the proof of its changes. */
export async function commit<T>(
  dataSource: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<Committed<T>> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as PooledClient;
    const value = await runner.manager.transaction(work);
    return { value, change: client.change };
  } finally {
    await runner.release();
  }
}

/** Runs one statement, which commits by itself, and returns its rows. */
export async function commitStatement<R extends object>(
  pool: Pool,
  text: string,
  values: readonly unknown[],
): Promise<Committed<R[]>> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<R>(text, [...values]);
    const { change, isIdle } = client as unknown as PooledClient;
    if (!isIdle) throw new NotCommitted();
    return { value: rows, change };
  } finally {
    client.release();
  }
}
