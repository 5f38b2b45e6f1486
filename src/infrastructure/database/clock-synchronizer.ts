import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { PeriodicTask } from '../../shared/concurrency/periodic-task.js';
import { DatabaseClock } from './database-clock.js';
import { poolOf } from './pool.js';

/** Milliseconds between two questions. In so long the monotonic clock errs by 10 microseconds. */
const EVERY_MS = 1000;

const TIME = {
  name: 'database_time',
  text: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
};

/** Asks the database for its time before the first request, and again and again, one question at a time. */
@Injectable()
export class ClockSynchronizer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ClockSynchronizer.name);
  private readonly pool: Pool;
  private isFailing = false;
  private readonly periodic = new PeriodicTask(() => this.ask(), EVERY_MS);

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly clock: DatabaseClock,
  ) {
    this.pool = poolOf(dataSource);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.periodic.run();
    this.periodic.start();
  }

  onModuleDestroy(): void {
    // The question that is under way ends with the pool.
    void this.periodic.stop();
  }

  private async ask(): Promise<void> {
    const sent = this.clock.monotonic();
    try {
      const { rows } = await this.pool.query<{ now: number }>(TIME);
      if (rows[0] !== undefined) this.clock.set(rows[0].now, sent);
      this.isFailing = false;
    } catch (error) {
      // The clock goes on by the monotonic one. What needs the database fails by itself.
      if (!this.isFailing) this.logger.warn(`The database did not say its time: ${(error as Error).message}`);
      this.isFailing = true;
    }
  }
}
