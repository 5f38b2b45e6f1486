import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { PeriodicTask } from '../../../shared/concurrency/periodic-task.js';

/** Looks into the database again and again, from the start of the process until it ends. */
export abstract class PeriodicLook implements OnApplicationBootstrap, BeforeApplicationShutdown {
  protected readonly logger = new Logger(this.constructor.name);
  protected readonly pool: Pool;
  /** Whether a look that is under way is to come to its end. */
  protected isStopped = false;
  private readonly periodic: PeriodicTask;

  protected constructor(dataSource: DataSource, everyMs: number) {
    this.pool = poolOf(dataSource);
    this.periodic = new PeriodicTask(() => this.look(), everyMs);
  }

  /** Deals with its errors itself. */
  protected abstract look(): Promise<void>;

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  /** While the pool is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    await this.periodic.stop();
  }

  /** Looks now; joins the look that is under way. */
  run(): Promise<void> {
    return this.periodic.run();
  }
}
