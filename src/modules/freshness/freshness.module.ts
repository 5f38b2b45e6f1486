import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { directUrlOf, ENV, type Env } from '../../config/env.js';
import { poolOf } from '../../infrastructure/database/pool.js';
import { Freshness } from './application/freshness.js';
import { createFreshness } from './infrastructure/create-freshness.js';
import { FreshnessMetrics } from './infrastructure/freshness-metrics.js';

/** Leases that a start waits for the first one; without it the service is as right, and slower. */
const LEASES_TO_WAIT_FOR = 2;

@Module({
  providers: [
    FreshnessMetrics,
    {
      provide: Freshness,
      inject: [ENV, getDataSourceToken()],
      useFactory: (env: Env, dataSource: DataSource): Freshness =>
        createFreshness({
          url: directUrlOf(env) ?? '',
          pool: poolOf(dataSource),
          leaseMs: env.VERIFY_LEASE_MS,
          staleMs: env.VERIFY_STALE_MS,
          waitMs: env.DATABASE_POOL_WAIT_MS,
          log: new Logger(Freshness.name),
        }),
    },
  ],
  exports: [Freshness],
})
export class FreshnessModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly freshness: Freshness,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** By now every cache has been made and listens. */
  async onApplicationBootstrap(): Promise<void> {
    this.freshness.start();
    const enough = new AbortController();
    const wait = sleep(LEASES_TO_WAIT_FOR * this.env.VERIFY_LEASE_MS, undefined, { signal: enough.signal });
    await Promise.race([this.freshness.ready, wait]);
    enough.abort();
    await wait.catch(() => undefined);
  }

  /** After the last request has been answered. */
  async onApplicationShutdown(): Promise<void> {
    await this.freshness.stop();
  }
}
