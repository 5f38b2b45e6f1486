import type { Pool } from 'pg';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Snapshot, Transaction } from '../../../shared/transaction.js';
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

  async findAll(subjectIds: readonly string[], snapshot?: Snapshot): Promise<Map<string, Credits>> {
    const text = `SELECT ${columns('credits_left(b, coalesce($2, now()))')}
         FROM credit_balances b
        WHERE subject_id = ANY ($1)`;
    const values = [subjectIds, this.now()];
    const rows =
      snapshot === undefined
        ? (await this.pool.query<Row>(text, values)).rows
        : await managerOf(snapshot).query<Row[]>(text, values);
    return new Map(rows.map((row) => [row.subject_id, toCredits(row)]));
  }

  async put(subject: CreditSubject, credits: CreditChanges | null, tx: Transaction): Promise<void> {
    const manager = managerOf(tx);
    const before = await this.lock(subject, tx);
    if (credits === null) {
      await manager.query('DELETE FROM credit_balances WHERE subject_id = $1', [subject.id]);
      recordChange(subject, before, null, tx);
      return;
    }
    const { remaining = null, refill } = credits;
    const refillColumns = [refill?.amount ?? null, refill?.interval ?? null, refill?.day ?? null];
    if (before !== null) {
      const [rows] = await manager.query<[Row[], number]>(
        `UPDATE credit_balances b
            SET remaining       = coalesce($2, credits_left(b, coalesce($7, now()))),
                refill_amount   = CASE WHEN $3 THEN refill_amount ELSE $4 END,
                refill_interval = CASE WHEN $3 THEN refill_interval ELSE $5 END,
                refill_day      = CASE WHEN $3 THEN refill_day ELSE $6 END,
                refilled_at     = greatest(refilled_at, coalesce($7, now()))
          WHERE subject_id = $1
      RETURNING ${columns('remaining')}`,
        [subject.id, remaining, refill === undefined, ...refillColumns, this.now()],
      );
      recordChange(subject, before, rows, tx);
      return;
    }
    if (remaining === null) throw noCredits();
    const rows = await manager.query<Row[]>(
      `INSERT INTO credit_balances (subject_id, subject_kind, remaining, refill_amount, refill_interval, refill_day,
                                    refilled_at)
       VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, now()))
           -- Somebody else has given some just now: one of the two changes will be found stale.
           ON CONFLICT (subject_id) DO UPDATE SET remaining = excluded.remaining
    RETURNING ${columns('remaining')}`,
      [subject.id, subject.kind, remaining, ...refillColumns, this.now()],
    );
    recordChange(subject, before, rows, tx);
  }

  async set(subject: CreditSubject, remaining: number, tx: Transaction): Promise<Credits> {
    const before = await this.lock(subject, tx);
    if (before === null) throw noCredits();
    // A refill that was due until now is overwritten, not added later.
    const [rows] = await managerOf(tx).query<[Row[], number]>(
      `UPDATE credit_balances
          SET remaining = $2, refilled_at = greatest(refilled_at, coalesce($3, now()))
        WHERE subject_id = $1
    RETURNING ${columns('remaining')}`,
      [subject.id, remaining, this.now()],
    );
    return recordChange(subject, before, rows, tx);
  }

  async add(subject: CreditSubject, amount: number, tx: Transaction): Promise<Credits> {
    const before = await this.lock(subject, tx);
    if (before === null) throw noCredits();
    // One moment for all of the statement: with two, a refill at midnight could be noted and not given.
    const [rows] = await managerOf(tx).query<[Row[], number]>(
      `UPDATE credit_balances b
          SET remaining = credits_left(b, coalesce($4, now())) + $2,
              refilled_at = greatest(
                refilled_at, credit_refill_due(refill_interval, refill_day, coalesce($4, now())))
        WHERE subject_id = $1 AND credits_left(b, coalesce($4, now())) + $2 BETWEEN 0 AND $3
    RETURNING ${columns('remaining')}`,
      [subject.id, amount, MAX_CREDITS, this.now()],
    );
    if (rows.length === 0) throw creditsOutOfRange();
    return recordChange(subject, before, rows, tx);
  }

  /** The balance, which nobody spends from until the end of the transaction; null when there is none. */
  private async lock({ id }: CreditSubject, tx: Transaction): Promise<Credits | null> {
    const [row] = await managerOf(tx).query<Row[]>(
      `SELECT ${columns('credits_left(b, coalesce($2, now()))')}
         FROM credit_balances b WHERE subject_id = $1 FOR UPDATE`,
      [id, this.now()],
    );
    return row === undefined ? null : toCredits(row);
  }

  private now(): Date | null {
    return this.clock?.() ?? null;
  }
}

/** Returns what there is now: the row that a change has returned. */
function recordChange(subject: CreditSubject, before: Credits | null, rows: Row[], tx: Transaction): Credits;
function recordChange(subject: CreditSubject, before: Credits | null, rows: null, tx: Transaction): null;
function recordChange(
  { kind, id, applicationId }: CreditSubject,
  before: Credits | null,
  rows: Row[] | null,
  tx: Transaction,
): Credits | null {
  const [row] = rows ?? [];
  const after = row === undefined ? null : toCredits(row);
  if (before !== null || after !== null) {
    const target = { kind: kind === 'key' ? ('api_key' as const) : kind, id };
    tx.record([
      {
        name: 'CreditsChanged',
        applicationId,
        target,
        before: before === null ? null : { credits: before },
        after: after === null ? null : { credits: after },
      },
    ]);
  }
  return after;
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
