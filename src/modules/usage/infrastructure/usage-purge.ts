import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env } from '../../../config/env.js';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';

const EVERY_MS = 3600_000;

/** Longer than any process repeats a flush that was not answered. */
const WRITERS_KEPT_DAYS = 30;

const DELETE_SOME = `
  WITH gone AS (
    DELETE FROM usage_days d USING (
      SELECT days.*
        FROM applications a CROSS JOIN LATERAL (
               SELECT api_key_id, starts_at, verdict FROM usage_days
                WHERE application_id = a.id AND starts_at < now() - make_interval(days => $2)
                LIMIT $1 FOR UPDATE SKIP LOCKED) AS days
       LIMIT $1) AS due
     WHERE (d.api_key_id, d.starts_at, d.verdict) = (due.api_key_id, due.starts_at, due.verdict)
    RETURNING 1),
  writers AS (DELETE FROM usage_writers WHERE written_at < now() - make_interval(days => $3))
  SELECT count(*)::int AS deleted FROM gone`;

/** Deletes days of usage whose retention is over. */
@Injectable()
export class UsagePurge extends PeriodicPurge {
  private readonly days: number;

  constructor(unitOfWork: UnitOfWork, @Inject(ENV) env: Env) {
    super('days of usage', EVERY_MS, unitOfWork);
    this.days = env.USAGE_RETENTION_DAYS;
  }

  protected async deleteSome(limit: number, tx: Transaction): Promise<number> {
    const [row] = await managerOf(tx).query<{ deleted: number }[]>(DELETE_SOME, [
      limit,
      this.days,
      WRITERS_KEPT_DAYS,
    ]);
    return row?.deleted ?? 0;
  }
}
