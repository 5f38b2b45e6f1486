import { Logger, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { ENV, type Env } from '../../config/env.js';
import { SystemClock } from '../../shared/clock.js';
import { UnitOfWork } from '../../shared/unit-of-work.js';
import { awaitPrimary } from './await-primary.js';
import { ClockSynchronizer } from './clock-synchronizer.js';
import { isNotOpened } from './connection-errors.js';
import { dataSourceOptions } from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { EventSubscribers } from './event-subscribers.js';
import { PoolMetrics } from './pool-metrics.js';
import { PoolerNotice } from './pooler-notice.js';
import { TracedStatements } from './traced-statements.js';
import { PostgresUnitOfWork } from './postgres-unit-of-work.js';

const logger = new Logger('Database');

/** A machine that starts much at once may take longer to open the first connection than a request may wait for one. */
const CONNECT_ATTEMPTS = 5;

/** The pool of connections every repository shares. Each module registers its own entity schemas. */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [ENV],
      useFactory: (env: Env) => ({
        ...dataSourceOptions({
          url: env.DATABASE_URL ?? '',
          poolSize: env.DATABASE_POOL_SIZE,
          poolWaitMs: env.DATABASE_POOL_WAIT_MS,
          statementTimeoutMs: env.DATABASE_STATEMENT_TIMEOUT_MS,
        }),
        autoLoadEntities: true,
        // What does not pass ends the start at once, and says why.
        toRetry: () => false,
        // Of a connection that nobody is using. The pool has already let go of it and opens another when one is
        // needed; without a listener the process would end.
        poolErrorHandler: (error: Error) => {
          logger.warn(`PostgreSQL has closed an idle connection: ${error.message}`);
        },
      }),
      dataSourceFactory: connect,
    }),
  ],
  providers: [
    PoolMetrics,
    TracedStatements,
    PoolerNotice,
    SystemClock,
    {
      provide: DatabaseClock,
      inject: [SystemClock],
      useFactory: (machine: SystemClock) => new DatabaseClock(machine),
    },
    ClockSynchronizer,
    EventSubscribers,
    { provide: UnitOfWork, useClass: PostgresUnitOfWork },
  ],
  exports: [DatabaseClock, EventSubscribers, UnitOfWork],
})
export class DatabaseModule {}

async function connect(options?: DataSourceOptions): Promise<DataSource> {
  if (options === undefined) throw new Error('TypeORM was configured without options');
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await awaitPrimary(() => new DataSource(options).initialize(), {
        log: (message) => {
          logger.warn(message);
        },
      });
    } catch (error) {
      if (attempt === CONNECT_ATTEMPTS || !isNotOpened(error)) throw error;
    }
  }
}
