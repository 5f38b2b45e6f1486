import { Injectable } from '@nestjs/common';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';

const EVERY_MS = 3600_000;

/** They hold addresses of people. */
export const RETENTION_DAYS = 30;

const DELETE_SOME = `
  WITH old AS (
    DELETE FROM denials WHERE (ring_id, slot) IN (
      SELECT ring_id, slot FROM denials
       WHERE at < now() - make_interval(days => $2) LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING 1),
  -- A ring that has no row begins anew.
  rings AS (
    DELETE FROM denial_rings WHERE id IN (
      SELECT id FROM denial_rings
       WHERE written_at < now() - make_interval(days => $2) LIMIT $1 FOR UPDATE SKIP LOCKED))
  SELECT count(*)::int AS deleted FROM old`;

/** Deletes denials that are too old to be shown. */
@Injectable()
export class DenialsPurge extends PeriodicPurge {
  constructor(unitOfWork: UnitOfWork) {
    super('denials', EVERY_MS, unitOfWork);
  }

  protected async deleteSome(limit: number, tx: Transaction): Promise<number> {
    const [row] = await managerOf(tx).query<{ deleted: number }[]>(DELETE_SOME, [limit, RETENTION_DAYS]);
    return row?.deleted ?? 0;
  }
}
