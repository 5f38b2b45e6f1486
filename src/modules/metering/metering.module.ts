import { Module } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { ENV, type Env } from '../../config/env.js';
import { poolOf } from '../../infrastructure/database/pool.js';
import { Clock } from '../../shared/clock.js';
import { ApplicationsModule } from '../applications/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { CreditLedger } from './application/credit-ledger.js';
import { CreditStore } from './domain/credit-store.js';
import { LimitsService } from './application/limits.service.js';
import { Meter } from './application/meter.js';
import { RateLimitStore } from './domain/rate-limit-store.js';
import { RateLimiter, RateLimiterOptions } from './application/rate-limiter.js';
import { ApplicationLimitsRepository } from './domain/application-limits.repository.js';
import { CreditBalances } from './domain/credit-balances.js';
import { ApplicationLimitsController } from './http/application-limits.controller.js';
import { createRateLimitStore } from './infrastructure/create-rate-limit-store.js';
import { PostgresApplicationLimits } from './infrastructure/postgres-application-limits.js';
import { PostgresCreditBalances } from './infrastructure/postgres-credit-balances.js';
import { PostgresCreditStore } from './infrastructure/postgres-credit-store.js';
import { MeteringMetrics } from './infrastructure/metering-metrics.js';
import { RateLimitStatus } from './infrastructure/rate-limit-status.js';

/** Rate limits and credits, of keys and of applications. */
@Module({
  imports: [ApplicationsModule, FreshnessModule],
  controllers: [ApplicationLimitsController],
  providers: [
    Meter,
    RateLimiter,
    MeteringMetrics,
    RateLimitStatus,
    CreditLedger,
    LimitsService,
    { provide: ApplicationLimitsRepository, useClass: PostgresApplicationLimits },
    {
      provide: CreditBalances,
      inject: [getDataSourceToken()],
      useFactory: (dataSource: DataSource) => new PostgresCreditBalances(poolOf(dataSource)),
    },
    {
      provide: CreditStore,
      inject: [getDataSourceToken()],
      useFactory: (dataSource: DataSource) => new PostgresCreditStore(poolOf(dataSource)),
    },
    {
      provide: RateLimitStore,
      inject: [ENV, Clock, getDataSourceToken()],
      useFactory: (env: Env, clock: Clock, dataSource: DataSource) =>
        createRateLimitStore(env, clock, poolOf(dataSource)),
    },
    {
      provide: RateLimiterOptions,
      inject: [ENV],
      useFactory: (env: Env): RateLimiterOptions => ({
        onFailure: env.RATE_LIMIT_ON_FAILURE,
        timeoutMs: env.RATE_LIMIT_TIMEOUT_MS,
      }),
    },
  ],
  exports: [CreditBalances, LimitsService, Meter],
})
export class MeteringModule {}
