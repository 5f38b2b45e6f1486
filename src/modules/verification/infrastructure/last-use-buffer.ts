import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { ENV, type Env } from '../../../config/env.js';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { PeriodicTask } from '../../../shared/concurrency/periodic-task.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import {
  type ServiceKeyUse,
  VerificationObservers,
  type ObservedVerification,
  type VerificationObserver,
} from '../application/verification-observer.js';

/** Keys in one statement. */
const MAX_BATCH = 10_000;

/** Milliseconds that the last flush may take with all its attempts, of the ten seconds that closing may take. */
const LAST_FLUSH_MS = 4000;

/** Milliseconds that one of its statements may take: the next attempt has another connection. */
const LAST_STATEMENT_MS = 1500;

/** Milliseconds between two of its attempts. */
const RETRY_MS = 100;

/**
 * Writes down when keys were last used, in one statement for all that were used since the last one: at most one write
 * per key and flush, and none while a request waits. While the database is away it goes on collecting. At shutdown the
 * last flush is tried until everything is written or its time is over, and then the log says what was lost.
 */
@Injectable()
export class LastUseBuffer
  implements VerificationObserver, OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly logger = new Logger(LastUseBuffer.name);
  private readonly pool: Pool;
  private readonly lastUsed = new Map<string, number>();
  private readonly flushes: PeriodicTask;
  private failures = 0;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    @Inject(ENV) env: Env,
    observers: VerificationObservers,
    metrics: Metrics,
  ) {
    this.pool = poolOf(dataSource);
    this.flushes = new PeriodicTask(() => this.flush(), env.USAGE_FLUSH_MS);
    metrics.queue('last_use_records', () => this.lastUsed.size);
    metrics.countOf(
      {
        name: 'upblit_last_use_write_failures_total',
        help: 'Failed attempts to write down when keys were last used; what was not written is tried again.',
      },
      () => [[{}, this.failures]],
    );
    observers.subscribe(this);
  }

  observe({ verdict, record, at }: ObservedVerification): void {
    if (verdict.valid && record !== null) this.lastUsed.set(record.keyId, at);
  }

  observeServiceKey({ keyId }: ServiceKeyUse, at: number): void {
    this.lastUsed.set(keyId, at);
  }

  onApplicationBootstrap(): void {
    this.flushes.start();
  }

  /** While the pool is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    const underWay = this.flushes.stop();
    const over = new AbortController();
    const timer = setTimeout(() => {
      over.abort();
    }, LAST_FLUSH_MS);
    const aborted = new Promise((resolve) => {
      over.signal.addEventListener('abort', resolve);
    });
    await Promise.race([this.flushAll(underWay, over.signal), aborted]);
    clearTimeout(timer);
    if (this.lastUsed.size > 0) {
      this.logger.warn(`It was not written down when ${this.lastUsed.size} keys were last used`);
    }
  }

  private async flushAll(underWay: Promise<void>, over: AbortSignal): Promise<void> {
    // It may wait on a connection that does not answer any more.
    await Promise.race([underWay, sleep(LAST_STATEMENT_MS, undefined, { ref: false })]);
    while (this.lastUsed.size > 0 && !over.aborted) {
      if (!(await this.flush(LAST_STATEMENT_MS))) await sleep(RETRY_MS);
    }
  }

  /** Returns whether the database took all of it. What it took and was not used since is forgotten. */
  private async flush(statementMs?: number): Promise<boolean> {
    const used = [...this.lastUsed];
    for (let from = 0; from < used.length; from += MAX_BATCH) {
      const batch = used.slice(from, from + MAX_BATCH);
      try {
        await this.write(batch, statementMs);
      } catch (error) {
        this.failures += 1;
        this.logger.warn(`could not write down when keys were last used: ${(error as Error).message}`);
        return false;
      }
      for (const [keyId, at] of batch) if (this.lastUsed.get(keyId) === at) this.lastUsed.delete(keyId);
    }
    return true;
  }

  private async write(
    used: readonly (readonly [keyId: string, at: number])[],
    statementMs: number | undefined,
  ): Promise<void> {
    await this.pool.query({
      // Sorted, so that two nodes that write the same keys do not wait for each other crosswise. A key that was
      // deleted meanwhile has nothing to be noted on.
      text: `WITH used AS (
         SELECT u.id, u.at FROM unnest($1::uuid[], $2::float8[]) AS u(id, at) JOIN api_keys k ON k.id = u.id
          ORDER BY u.id
       )
       INSERT INTO api_key_usage (api_key_id, last_used_at)
       SELECT id, to_timestamp(at / 1000) FROM used
           ON CONFLICT (api_key_id) DO UPDATE
          SET last_used_at = greatest(api_key_usage.last_used_at, excluded.last_used_at)`,
      // Array literals: ids and numbers need none of the quoting that pg would do for each.
      values: [`{${used.map(([keyId]) => keyId).join()}}`, `{${used.map(([, at]) => at).join()}}`],
      ...(statementMs !== undefined && { query_timeout: statementMs }),
    });
  }
}
