import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Pool } from 'pg';
import { PeriodicTask } from '../../../shared/concurrency/periodic-task.js';
import { RateLimitStore } from '../domain/rate-limit-store.js';
import type { RateLimitRun, RunOutcome } from '../domain/rate-limit-store.js';
import type { LimitSet } from '../domain/rate-limit.js';

interface Row {
  granted: number;
  noted_at: number;
  used: number[];
  free_in: number[];
}

/** Logs that are removed at a time, and the milliseconds between two times. */
const SWEEP = { rows: 10_000, everyMs: 60_000 };

/**
 * Counts in PostgreSQL, for all nodes together and by its clock: any number of runs in one call of one function.
 * The table is unlogged: a crash of the database forgets what was counted, and its standby never knew.
 */
export class PostgresRateLimitStore
  extends RateLimitStore
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly logger = new Logger(PostgresRateLimitStore.name);
  private readonly sweeps = new PeriodicTask(() => this.sweepOrWarn(), SWEEP.everyMs);
  override readonly maxConcurrency: RateLimitStore['maxConcurrency'];
  private readonly takes: Bound;
  private readonly refunds: Bound;

  constructor(
    private readonly pool: Pool,
    /** Microseconds; for the tests. Without it the server's clock counts. */
    private readonly clock?: () => number,
  ) {
    super();
    const connections = pool.options.max;
    this.takes = new Bound(Math.floor(connections / 2));
    this.refunds = new Bound(Math.floor(connections / 5));
    // More statements at a time would be smaller, and cost the database more for each verification.
    this.maxConcurrency = { takes: Math.min(2, this.takes.most), refunds: this.refunds.most };
  }

  async take(runs: readonly RateLimitRun[]): Promise<RunOutcome[]> {
    const limits = runs.flatMap(({ set }, index) =>
      set.limits.map((limit) => ({ ...limit, run: index + 1 })),
    );
    const { rows } = await this.takes.run(() =>
      this.pool.query<Row>({
        name: 'take_rate_limits',
        text: 'SELECT * FROM take_rate_limits($1, $2, $3, $4, $5, $6, $7, $8)',
        values: [
          limits.map(({ run }) => run),
          limits.map(({ subjectId }) => subjectId),
          limits.map(({ name }) => name),
          limits.map(({ limit }) => limit),
          limits.map(({ windowSeconds }) => windowSeconds * 1_000_000),
          limits.map(({ cost }) => cost),
          runs.map(({ times }) => times),
          this.clock?.() ?? null,
        ],
      }),
    );
    return rows.map(({ granted, noted_at, used, free_in }) => ({
      granted,
      at: noted_at,
      uses: used.map((units, index) => ({ used: units, freeInMicros: free_in[index] ?? 0 })),
    }));
  }

  async refund({ limits }: LimitSet, at: number): Promise<void> {
    await this.refunds.run(() =>
      this.pool.query({
        name: 'refund_rate_limits',
        text: 'SELECT refund_rate_limits($1, $2, $3, $4)',
        values: [
          limits.map(({ subjectId }) => subjectId),
          limits.map(({ name }) => name),
          limits.map(({ cost }) => cost),
          at,
        ],
      }),
    );
  }

  onApplicationBootstrap(): void {
    this.sweeps.start();
  }

  onApplicationShutdown(): void {
    // The statement that is under way ends with the pool.
    void this.sweeps.stop();
  }

  /** Removes logs in which nothing counts any more, but for those that are being counted in; returns how many. */
  async sweep(): Promise<number> {
    const { rowCount } = await this.pool.query(
      `DELETE FROM rate_limit_hits WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM rate_limit_hits WHERE expires_at < clock_timestamp() LIMIT $1 FOR UPDATE SKIP LOCKED))`,
      [SWEEP.rows],
    );
    return rowCount ?? 0;
  }

  private async sweepOrWarn(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.logger.warn(`could not remove rate limits that have expired: ${(error as Error).message}`);
    }
  }
}

/**
 * So many statements have no answer yet at most, those included that the limiter has given up: it does so long before
 * PostgreSQL does, and they would hold every connection of the pool.
 */
class Bound {
  readonly most: number;
  private underWay = 0;

  constructor(most: number) {
    this.most = Math.max(1, most);
  }

  async run<T>(statement: () => Promise<T>): Promise<T> {
    if (this.underWay >= this.most) throw new Error(`${this.underWay} statements have no answer yet`);
    this.underWay += 1;
    try {
      return await statement();
    } finally {
      this.underWay -= 1;
    }
  }
}
