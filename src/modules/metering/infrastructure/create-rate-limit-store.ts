import type { Pool } from 'pg';
import type { Env } from '../../../config/env.js';
import type { Clock } from '../../../shared/clock.js';
import type { RateLimitStore } from '../domain/rate-limit-store.js';
import { MemoryRateLimitStore } from './memory-rate-limit-store.js';
import { PostgresRateLimitStore } from './postgres-rate-limit-store.js';
import { RedisRateLimitStore } from './redis-rate-limit-store.js';

/** The store that RATE_LIMIT_STORE names. */
export function createRateLimitStore(env: Env, clock: Clock, pool: Pool): RateLimitStore {
  switch (env.RATE_LIMIT_STORE) {
    case 'memory':
      return new MemoryRateLimitStore(() => clock.monotonic() * 1000, env.RATE_LIMIT_MEMORY_ENTRIES);
    case 'postgres':
      return new PostgresRateLimitStore(pool);
    case 'redis':
      return new RedisRateLimitStore({ url: env.REDIS_URL ?? '', timeoutMs: env.RATE_LIMIT_TIMEOUT_MS });
  }
}
