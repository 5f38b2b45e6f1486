import type { Pool } from 'pg';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { CreditBalances, type CreditSubject } from '../domain/credit-balances.js';
import {
  MAX_CREDITS,
  creditsOutOfRange,
  noCredits,
  type CreditChanges,
  type Credits,
  type RefillInterval,
} from '../domain/credits.js';

interface Row {
  subject_id: string;
  remaining: number;
  refill_amount: number | null;
  refill_interval: RefillInterval | null;
  refill_day: number | null;
}

export class PostgresCreditBalances extends CreditBalances {
  constructor(
    private readonly pool: Pool,
    /** For the tests. Without it the server's clock counts. */
    private readonly clock?: () => Date,
  ) {
    super();
  }

  async findAll(subjectIds: readonly string[]): Promise<Map<string, Credits>> {
    const { rows } = await this.pool.query<Row>(
      `SELECT ${columns('credits_left(b, coalesce($2, now()))')}
         FROM credit_balances b
        WHERE subject_id = ANY ($1)`,
      [subjectIds, this.now()],
    );
    return new Map(rows.map((row) => [row.subject_id, toCredits(row)]));
  }

  async put(subject: CreditSubject, credits: CreditChanges | null, tx: Transaction): Promise<void> {
    const manager = managerOf(tx);
    if (credits === null) {
      await manager.query('DELETE FROM credit_balances WHERE subject_id = $1', [subject.id]);
      return;
    }
    const { remaining = null, refill } = credits;
    const keepsRefill = refill === undefined;
    const refillColumns = [refill?.amount ?? null, refill?.interval ?? null, refill?.day ?? null];
    const updated: [unknown[], number] = await manager.query(
      `UPDATE credit_balances b
          SET remaining       = coalesce($2, credits_left(b, coalesce($7, now()))),
              refill_amount   = CASE WHEN $3 THEN refill_amount ELSE $4 END,
              refill_interval = CASE WHEN $3 THEN refill_interval ELSE $5 END,
              refill_day      = CASE WHEN $3 THEN refill_day ELSE $6 END,
              refilled_at     = greatest(refilled_at, coalesce($7, now()))
        WHERE subject_id = $1`,
      [subject.id, remaining, keepsRefill, ...refillColumns, this.now()],
    );
    if (updated[1] === 1) return;
    if (remaining === null) throw noCredits();
    await manager.query(
      `INSERT INTO credit_balances (subject_id, subject_kind, remaining, refill_amount, refill_interval, refill_day,
                                    refilled_at)
       VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, now()))
           -- Somebody else has given some just now: one of the two changes will be found stale.
           ON CONFLICT (subject_id) DO UPDATE SET remaining = excluded.remaining`,
      [subject.id, subject.kind, remaining, ...refillColumns, this.now()],
    );
  }

  async set(subjectId: string, remaining: number): Promise<Credits> {
    // A refill that was due until now is overwritten, not added later.
    const { rows } = await this.pool.query<Row>(
      `UPDATE credit_balances
          SET remaining = $2, refilled_at = greatest(refilled_at, coalesce($3, now()))
        WHERE subject_id = $1
    RETURNING ${columns('remaining')}`,
      [subjectId, remaining, this.now()],
    );
    const [row] = rows;
    if (row === undefined) throw noCredits();
    return toCredits(row);
  }

  async add(subjectId: string, amount: number): Promise<Credits> {
    // One moment for all of the statement: with two, a refill at midnight could be noted and not given.
    const { rows } = await this.pool.query<Row>(
      `UPDATE credit_balances b
          SET remaining = credits_left(b, coalesce($4, now())) + $2,
              refilled_at = greatest(
                refilled_at, credit_refill_due(refill_interval, refill_day, coalesce($4, now())))
        WHERE subject_id = $1 AND credits_left(b, coalesce($4, now())) + $2 BETWEEN 0 AND $3
    RETURNING ${columns('remaining')}`,
      [subjectId, amount, MAX_CREDITS, this.now()],
    );
    const [row] = rows;
    if (row !== undefined) return toCredits(row);
    const { rowCount } = await this.pool.query('SELECT FROM credit_balances WHERE subject_id = $1', [
      subjectId,
    ]);
    throw rowCount === 0 ? noCredits() : creditsOutOfRange();
  }

  private now(): Date | null {
    return this.clock?.() ?? null;
  }
}

/** Numbers as JavaScript has them: a balance is never larger than it can say exactly. */
function columns(remaining: string): string {
  return `subject_id, (${remaining})::float8 AS remaining, refill_amount::float8 AS refill_amount, refill_interval,
          refill_day`;
}

function toCredits(row: Row): Credits {
  const { remaining, refill_amount: amount, refill_interval: interval, refill_day: day } = row;
  return { remaining, refill: amount === null || interval === null ? null : { amount, interval, day } };
}
