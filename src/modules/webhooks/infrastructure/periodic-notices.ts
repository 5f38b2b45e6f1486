import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { PeriodicTask } from '../../../shared/concurrency/periodic-task.js';

/** Keys of one statement. */
const BATCH = 500;

/**
 * Looks again and again for keys that something has come due for, and tells receivers of each once. The statement does it
 * all: it writes a notice, and with it the message, and says how many it has found of the `$1` that it looks for.
 */
export abstract class PeriodicNotices implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(this.constructor.name);
  private readonly pool: Pool;
  private readonly periodic: PeriodicTask;
  private stopped = false;

  protected constructor(
    dataSource: DataSource,
    private readonly statement: { readonly name: string; readonly text: string },
    everyMs: number,
  ) {
    this.pool = poolOf(dataSource);
    this.periodic = new PeriodicTask(() => this.look(), everyMs);
  }

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  /** While the pool is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.periodic.stop();
  }

  /** Notes all that have come due. */
  run(): Promise<void> {
    return this.periodic.run();
  }

  private async look(): Promise<void> {
    try {
      let found = BATCH;
      while (found === BATCH && !this.stopped) {
        const { rows } = await this.pool.query<{ found: number }>({ ...this.statement, values: [BATCH] });
        found = rows[0]?.found ?? 0;
      }
    } catch (error) {
      this.logger.warn(`Keys were not looked at: ${(error as Error).message}`);
    }
  }
}
