import type { Transaction } from '../../shared/transaction.js';
import { managerOf } from './transaction.js';

/**
 * Deletes up to `limit` rows of a table that ran out at `now` or before, whichever did first, and returns how many. Rows
 * that somebody else has locked are left for the next time.
 */
export async function deleteExpired(
  table: string,
  now: Date,
  limit: number,
  tx: Transaction,
): Promise<number> {
  const [, deleted] = await managerOf(tx).query<[unknown, number]>(
    `DELETE FROM ${table}
      WHERE id IN (SELECT id FROM ${table} WHERE expires_at <= $1
                    ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    [now, limit],
  );
  return deleted;
}
