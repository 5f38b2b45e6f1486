import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { ENV, type Env } from '../../../config/env.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { WriteBehind, type Collected } from '../../../infrastructure/database/write-behind.js';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import {
  type ServiceKeyUse,
  VERDICT_CODES,
  type VerdictCode,
  VerificationObservers,
  type ObservedVerification,
  type VerificationObserver,
} from '../../verification/index.js';
import { writeReplacedSecrets } from './replaced-secrets.js';
import {
  addressOf,
  noteReplacedSecret,
  noteUse,
  startOf,
  UsageCounters,
  type UsageCounter,
} from './usage-counters.js';

/** Counters in one statement: to put them into its parameters holds the event loop, for about half a millisecond. */
const MAX_BATCH = 250;

/** Milliseconds that the last flush may take, of the ten seconds that closing may take. */
const LAST_FLUSH_MS = 4000;

/** What is written by one statement, and repeated as it is until that is answered. */
interface Batch {
  /** Of this process, from 1; the database counts each once. */
  readonly number: number;
  readonly counters: readonly UsageCounter[];
}

/**
 * Counts every verification, and notes when and from where keys were last used: in memory, and in one statement for all
 * that came since the last one. So no request waits, and `kill -9` loses what came since then and nothing older. What
 * spends credits is counted by the statement that spends, and only noted here.
 */
@Injectable()
export class UsageBuffer
  implements VerificationObserver, OnApplicationBootstrap, BeforeApplicationShutdown, Collected
{
  private readonly logger = new Logger(UsageBuffer.name);
  private readonly pool: Pool;
  private readonly counters = new UsageCounters();
  /** What was taken from the counters, in the order in which it is written. */
  private readonly batches: Batch[] = [];
  private readonly writes: WriteBehind;
  /** Of this process: who writes which flush. */
  private readonly writer = randomUUID();
  private flushes = 0;
  private readonly counts = { written: 0, failed: 0 };
  private dropped = 0;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    @Inject(ENV) env: Env,
    observers: VerificationObservers,
    metrics: Metrics,
  ) {
    this.pool = poolOf(dataSource);
    this.writes = new WriteBehind(this, { everyMs: env.USAGE_FLUSH_MS, lastMs: LAST_FLUSH_MS });
    metrics.queue('usage_counters', () => this.waiting);
    metrics.countOf(
      {
        name: 'upblit_usage_flushes_total',
        help: 'Statements that write usage by what became of them; what has failed is tried again.',
        labelNames: ['outcome'],
      },
      () => Object.entries(this.counts).map(([outcome, count]) => [{ outcome }, count]),
    );
    metrics.countOf(
      {
        name: 'upblit_usage_dropped_total',
        help: 'Verifications that are not counted as usage: too many keys waited to be written, or the process had to end.',
      },
      () => [[{}, this.dropped]],
    );
    observers.subscribe(this);
  }

  observe({ verdict, record, request, isCounted, at }: ObservedVerification): void {
    // A service key that is shown as a key to be verified has no usage.
    if (record === null || record.environment === 'service') return;
    const counter = this.counters.of(record, at);
    if (counter === undefined) {
      if (!isCounted) this.dropped += 1;
      return;
    }
    if (!isCounted) counter.counts[verdict.code] += 1;
    if (!verdict.valid) return;
    noteUse(counter, request.ip, at);
    if (record.secretExpiresAt !== null) noteReplacedSecret(counter, record.secretId, request.ip, at);
  }

  observeServiceKey(key: ServiceKeyUse, address: string, at: number): void {
    const counter = this.counters.of(key, at);
    if (counter === undefined) return;
    noteUse(counter, address, at);
    if (key.secretExpiresAt !== null) noteReplacedSecret(counter, key.secretId, address, at);
  }

  onApplicationBootstrap(): void {
    this.writes.start();
  }

  /** While the pool is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.writes.stop();
    if (this.isEmpty()) return;
    const left = [...this.batches.flatMap(({ counters }) => counters), ...this.counters.take()];
    const lost = left.reduce((sum, { counts }) => sum + sumOf(counts), 0);
    this.dropped += lost;
    const keys = new Set(left.map(({ keyId }) => keyId)).size;
    this.logger.warn(`The usage of ${keys} keys was not written: ${lost} verifications are not counted`);
  }

  isEmpty(): boolean {
    return this.waiting === 0;
  }

  /** What the database may have taken without saying so is sent again as it was, with its number. */
  async flush(statementMs?: number): Promise<boolean> {
    if (this.batches.length === 0) this.fill();
    for (let batch = this.batches[0]; batch !== undefined; batch = this.batches[0]) {
      try {
        await this.write(batch, statementMs);
      } catch (error) {
        this.counts.failed += 1;
        this.logger.warn(`could not write how often keys were used: ${(error as Error).message}`);
        return false;
      }
      this.counts.written += 1;
      // The flush of a shutdown does not wait for one that has stalled, and both may end well.
      if (this.batches[0] === batch) this.batches.shift();
    }
    return true;
  }

  private get waiting(): number {
    return this.batches.reduce((sum, { counters }) => sum + counters.length, this.counters.size);
  }

  private fill(): void {
    const counters = this.counters.take();
    for (let from = 0; from < counters.length; from += MAX_BATCH) {
      this.flushes += 1;
      this.batches.push({ number: this.flushes, counters: counters.slice(from, from + MAX_BATCH) });
    }
  }

  private async write({ number, counters }: Batch, statementMs: number | undefined): Promise<void> {
    const counted = countsOf(counters);
    const used = latestUses(counters);
    await this.pool.query({
      name: 'write_usage',
      text: 'SELECT write_usage($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
      // Array literals: ids, times and codes need none of the quoting that pg would do for each.
      values: [
        this.writer,
        number,
        literal(counted.keys),
        literal(counted.applications),
        literal(counted.hours),
        literal(counted.codes),
        literal(counted.counts),
        literal(used.map(({ keyId }) => keyId)),
        literal(used.map(({ lastUsedAt }) => new Date(lastUsedAt).toISOString())),
        literal(used.map(addressOf)),
      ],
      ...(statementMs !== undefined && { query_timeout: statementMs }),
    });
    await writeReplacedSecrets(this.pool, counters, statementMs);
  }
}

/** What was counted, as the columns of the statement. */
interface Columns {
  readonly keys: string[];
  readonly applications: string[];
  readonly hours: string[];
  readonly codes: VerdictCode[];
  readonly counts: number[];
}

/** One loop, and nothing is made for each: there may be thousands in every flush. */
function countsOf(counters: readonly UsageCounter[]): Columns {
  const columns: Columns = { keys: [], applications: [], hours: [], codes: [], counts: [] };
  for (const { keyId, applicationId, hour, counts } of counters) {
    if (applicationId === null) continue;
    for (const code of VERDICT_CODES) {
      if (counts[code] === 0) continue;
      columns.keys.push(keyId);
      columns.applications.push(applicationId);
      columns.hours.push(startOf(hour));
      columns.codes.push(code);
      columns.counts.push(counts[code]);
    }
  }
  return columns;
}

/** Of each key the counter of its last use: one statement writes a row once. */
function latestUses(counters: readonly UsageCounter[]): UsageCounter[] {
  const latest = new Map<string, UsageCounter>();
  for (const counter of counters) {
    if (counter.lastUsedAt > (latest.get(counter.keyId)?.lastUsedAt ?? 0)) latest.set(counter.keyId, counter);
  }
  return [...latest.values()];
}

function literal(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join()}}`;
}

function sumOf(counts: UsageCounter['counts']): number {
  return VERDICT_CODES.reduce((sum, code) => sum + counts[code], 0);
}
