import { Injectable } from '@nestjs/common';
import { PeriodicBatches } from '../../../infrastructure/database/periodic-batches.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { HOURS_KEPT_DAYS } from '../domain/usage-range.js';

const EVERY_MS = 3600_000;

/**
 * One statement moves what it takes: whoever reads counts it once, as hours or as a day. Nodes take different rows, and
 * write the days in one order.
 */
const MOVE_SOME = `
  WITH due AS (
    SELECT hours.*
      FROM applications a CROSS JOIN LATERAL (
             SELECT api_key_id, starts_at, verdict FROM usage_hours
              WHERE application_id = a.id
                AND starts_at < date_trunc('day', now() - make_interval(days => $2), 'UTC')
              LIMIT $1 FOR UPDATE SKIP LOCKED) AS hours
     LIMIT $1),
  moved AS (
    DELETE FROM usage_hours u USING due
     WHERE (u.api_key_id, u.starts_at, u.verdict) = (due.api_key_id, due.starts_at, due.verdict)
    RETURNING u.*),
  added AS (
    INSERT INTO usage_days AS d (api_key_id, application_id, starts_at, verdict, count)
    SELECT api_key_id, application_id, date_trunc('day', starts_at, 'UTC') AS day, verdict, sum(count)
      FROM moved
     GROUP BY api_key_id, application_id, day, verdict
     ORDER BY api_key_id, day, verdict
        ON CONFLICT (api_key_id, starts_at, verdict) DO UPDATE SET count = d.count + excluded.count)
  SELECT count(*)::int AS moved FROM moved`;

/** Joins the hours of days that are long past. */
@Injectable()
export class UsageRollUp extends PeriodicBatches {
  constructor(unitOfWork: UnitOfWork) {
    super(
      { task: 'purge', failure: 'Hours of usage were not joined into days', everyMs: EVERY_MS },
      unitOfWork,
    );
  }

  protected async doSome(limit: number, tx: Transaction): Promise<boolean> {
    const [row] = await managerOf(tx).query<{ moved: number }[]>(MOVE_SOME, [limit, HOURS_KEPT_DAYS]);
    return row?.moved === limit;
  }
}
