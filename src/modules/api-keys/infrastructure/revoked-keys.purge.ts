import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env } from '../../../config/env.js';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';

const EVERY_MS = 3600_000;

/** Secrets and the last use go with their key. Balances refer to keys and applications, and have no foreign key. */
const DELETE_SOME = `
  WITH gone AS (
    DELETE FROM api_keys
     WHERE id IN (SELECT id FROM api_keys
                   WHERE revoked_at < now() - make_interval(days => $2)
                   LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING id),
  balances AS (DELETE FROM credit_balances USING gone WHERE subject_id = gone.id)
  SELECT count(*)::int AS deleted FROM gone`;

/** Deletes revoked keys within an hour of the end of their retention. From then on they are not found. */
@Injectable()
export class RevokedKeysPurge extends PeriodicPurge {
  private readonly days: number;

  constructor(unitOfWork: UnitOfWork, @Inject(ENV) env: Env) {
    super('revoked keys', EVERY_MS, unitOfWork);
    this.days = env.REVOKED_KEY_RETENTION_DAYS;
  }

  protected async deleteSome(limit: number, tx: Transaction): Promise<number> {
    const [row] = await managerOf(tx).query<{ deleted: number }[]>(DELETE_SOME, [limit, this.days]);
    return row?.deleted ?? 0;
  }
}
