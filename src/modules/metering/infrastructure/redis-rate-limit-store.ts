import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { RateLimitStore } from '../application/rate-limit-store.js';
import type { LimitUse, RateLimitRun, RunOutcome } from '../application/rate-limit-store.js';
import type { LimitSet } from '../domain/rate-limit.js';
import { GIVE_BACK, TAKE } from './redis-rate-limit-scripts.js';

interface ScriptedRedis extends Redis {
  takeRateLimits(keys: number, ...keysAndArguments: (string | number)[]): Promise<string[]>;
  giveBackRateLimits(keys: number, ...keysAndArguments: (string | number)[]): Promise<null>;
}

export interface RedisSettings {
  url: string;
  /** Milliseconds without an answer after which the connection is given up. */
  timeoutMs: number;
}

/** Milliseconds between two attempts to connect, at most. */
const MAX_PAUSE = 1000;

/** Counts in Redis 6 or later, for all nodes together and by its clock: one script for each run. */
export class RedisRateLimitStore
  extends RateLimitStore
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly redis: ScriptedRedis;

  constructor(
    settings: RedisSettings,
    /** Microseconds; for the tests. Without it the server's clock counts. */
    private readonly clock?: () => number,
  ) {
    super();
    this.redis = new Redis(settings.url, {
      lazyConnect: true,
      connectTimeout: settings.timeoutMs,
      // Nothing waits for a connection, and nothing is sent twice: the limiter answers without the store then.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      // A server that takes requests and answers none must not keep them piling up.
      socketTimeout: settings.timeoutMs,
      // How long it holds the process up at its end when there was no connection to close.
      disconnectTimeout: settings.timeoutMs,
      retryStrategy: (attempt) => Math.min(50 * attempt, MAX_PAUSE),
      scripts: { takeRateLimits: { lua: TAKE }, giveBackRateLimits: { lua: GIVE_BACK } },
    }) as ScriptedRedis;
    // Each failed call is told of by the limiter; without a listener ioredis would print every failed attempt.
    this.redis.on('error', () => undefined);
  }

  /** Tries once to connect; if that fails, goes on trying in the background. */
  async onApplicationBootstrap(): Promise<void> {
    await this.redis.connect().catch(() => undefined);
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  take(runs: readonly RateLimitRun[]): Promise<RunOutcome[]> {
    return Promise.all(runs.map((run) => this.takeRun(run)));
  }

  async giveBack(set: LimitSet, at: number): Promise<void> {
    await this.redis.giveBackRateLimits(
      set.limits.length,
      ...keysOf(set),
      at,
      ...set.limits.map(({ cost }) => cost),
    );
  }

  private async takeRun({ set, times }: RateLimitRun): Promise<RunOutcome> {
    const [granted, at, ...uses] = await this.redis.takeRateLimits(
      set.limits.length,
      ...keysOf(set),
      times,
      this.clock?.() ?? '',
      ...set.limits.flatMap(({ limit, windowSeconds, cost }) => [limit, windowSeconds * 1_000_000, cost]),
    );
    return { granted: Number(granted), at: Number(at), uses: toUses(uses) };
  }
}

/** The braces put the keys of one application into one slot of a cluster, as a script needs them. */
function keysOf({ applicationId, limits }: LimitSet): string[] {
  return limits.map(({ subjectId, name }) => `upblit:rate-limit:{${applicationId}}:${subjectId}:${name}`);
}

/** Two numbers for each limit. */
function toUses(numbers: readonly string[]): LimitUse[] {
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({
    used: Number(numbers[2 * index]),
    freeInMicros: Number(numbers[2 * index + 1]),
  }));
}
