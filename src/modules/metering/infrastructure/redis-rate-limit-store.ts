import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { RateLimitStore } from '../domain/rate-limit-store.js';
import type { LimitUse, RateLimitRun, RunOutcome } from '../domain/rate-limit-store.js';
import type { LimitSet } from '../domain/rate-limit.js';
import { REFUND, TAKE } from './redis-rate-limit-scripts.js';

interface ScriptedRedis extends Redis {
  takeRateLimits(keys: number, ...keysAndArguments: (string | number)[]): Promise<string[]>;
  refundRateLimits(keys: number, ...keysAndArguments: (string | number)[]): Promise<null>;
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
  private readonly logger = new Logger('Redis');
  private readonly redis: ScriptedRedis;
  /** Why there is no connection that can count; undefined while there is one. */
  private failure: Error | undefined;

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
      // Behind one address another server has become the primary: the connection leads to the one that was.
      reconnectOnError: (error) => error.message.includes('READONLY'),
      scripts: { takeRateLimits: { lua: TAKE }, refundRateLimits: { lua: REFUND } },
    }) as ScriptedRedis;
    // A call without a connection fails by that alone. Here is why there is none: the limiter tells it once.
    this.redis.on('error', (error: Error) => {
      this.failure = error;
    });
    this.redis.on('ready', () => {
      this.failure = undefined;
    });
  }

  /** Tries once to connect; if that fails, says why and goes on trying in the background. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.redis.connect();
    } catch (error) {
      this.logger.error(
        `Redis cannot be used for rate limits: ${reasonOf(this.failure ?? (error as Error))}`,
      );
    }
  }

  override get problem(): string | undefined {
    // Whoever asks for readiness need not learn where Redis is.
    return this.failure && `Redis cannot be used: ${codeOf(this.failure) ?? this.failure.message}`;
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  /** What is asked at once is written at once: each call alone would be one to the kernel, too. */
  take(runs: readonly RateLimitRun[]): Promise<RunOutcome[]> {
    const connection = this.redis.stream as Redis['stream'] | undefined;
    connection?.cork();
    try {
      return Promise.all(runs.map((run) => this.takeRun(run)));
    } finally {
      connection?.uncork();
    }
  }

  async refund(set: LimitSet, at: number): Promise<void> {
    await this.told(
      this.redis.refundRateLimits(
        set.limits.length,
        ...keysOf(set),
        at,
        ...set.limits.map(({ cost }) => cost),
      ),
    );
  }

  /** What a call fails with says why there is no connection, rather than that there is none. */
  private async told<T>(call: Promise<T>): Promise<T> {
    try {
      const answer = await call;
      if (this.redis.status === 'ready') this.failure = undefined;
      return answer;
    } catch (error) {
      // Replies of the server speak for themselves.
      if (error instanceof Error && error.name === 'ReplyError') this.failure = error;
      throw new Error(reasonOf(this.failure ?? (error as Error)), { cause: error });
    }
  }

  private async takeRun({ set, times }: RateLimitRun): Promise<RunOutcome> {
    const [granted, at, ...uses] = await this.told(
      this.redis.takeRateLimits(
        set.limits.length,
        ...keysOf(set),
        times,
        this.clock?.() ?? '',
        ...set.limits.flatMap(({ limit, windowSeconds, cost }) => [limit, windowSeconds * 1_000_000, cost]),
      ),
    );
    return { granted: Number(granted), at: Number(at), uses: toUses(uses) };
  }
}

/** The braces put the keys of one application into one slot of a cluster, as a script needs them. */
function keysOf({ applicationId, limits }: LimitSet): string[] {
  return limits.map(({ id }) => `upblit:rate-limit:{${applicationId}}:${id}`);
}

/** Two numbers for each limit. */
function toUses(numbers: readonly string[]): LimitUse[] {
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({
    used: Number(numbers[2 * index]),
    freeInMicros: Number(numbers[2 * index + 1]),
  }));
}

/** In words for an operator. What Redis says of a login holds no password. */
function reasonOf(error: Error): string {
  const code = codeOf(error);
  if (error.message === '') return code ?? error.name;
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}

/** Node's, of an error of the network or of TLS. */
function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
