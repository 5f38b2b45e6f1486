import { setTimeout as sleep } from 'node:timers/promises';
import { PeriodicTask } from '../../shared/concurrency/periodic-task.js';

/** Milliseconds that a statement of the last flush may take: the next attempt has another connection. */
const LAST_STATEMENT_MS = 1500;

/** Milliseconds between two attempts of the last flush. */
const RETRY_MS = 100;

/** A flush takes a fortieth of the time, at most: what many keys collect is written less often, and each key once for all. */
const REST_FOR_EACH_MS = 39;

/** Milliseconds after which the next flush comes, whatever the last one took, unless the interval is longer. */
const MAX_REST_MS = 10_000;

/** What is collected in memory, to be written together. */
export interface Collected {
  isEmpty(): boolean;
  /**
   * Writes what there is, and returns whether the database took all of it; the rest is kept, unless it can never be
   * written. It deals with its errors itself.
   *
   * @param statementMs what a statement may take; when left out, what the connection allows
   */
  flush(statementMs?: number): Promise<boolean>;
}

/**
 * Writes what is collected in memory every so often, one flush at a time, so that no request waits for it, and rests
 * longer after flushes that take long, so that the database has time for everything else. While the database is away it
 * goes on collecting. At shutdown the last flush is tried until everything is written, or its time is over.
 */
export class WriteBehind {
  private readonly flushes: PeriodicTask;

  constructor(
    private readonly collected: Collected,
    private readonly options: {
      readonly everyMs: number;
      /** Milliseconds that the last flush may take with all its attempts, of the ten seconds that closing may take. */
      readonly lastMs: number;
    },
  ) {
    this.flushes = new PeriodicTask(
      () => this.collected.flush(),
      options.everyMs,
      (flushMs) => Math.min(REST_FOR_EACH_MS * flushMs, MAX_REST_MS),
    );
  }

  start(): void {
    this.flushes.start();
  }

  /** Is called when nothing is added any more, while the pool is still open. */
  async stop(): Promise<void> {
    const underWay = this.flushes.stop();
    const over = new AbortController();
    const timer = setTimeout(() => {
      over.abort();
    }, this.options.lastMs);
    const aborted = new Promise((resolve) => {
      over.signal.addEventListener('abort', resolve);
    });
    await Promise.race([this.flushAll(underWay, over.signal), aborted]);
    clearTimeout(timer);
  }

  private async flushAll(underWay: Promise<void>, over: AbortSignal): Promise<void> {
    // It may wait on a connection that does not answer any more.
    await Promise.race([underWay, sleep(LAST_STATEMENT_MS, undefined, { ref: false })]);
    while (!this.collected.isEmpty() && !over.aborted) {
      if (!(await this.collected.flush(LAST_STATEMENT_MS))) await sleep(RETRY_MS);
    }
  }
}
