import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ENV, type Env } from '../../../config/env.js';
import { DatabaseClock } from '../application/database-clock.js';
import { KeyUsage } from '../application/key-usage.js';

/** Keys in one statement. */
const MOST_AT_ONCE = 10_000;

/**
 * Writes down when keys were last used, in one statement for all that were used since the last one: at most one write
 * per key and flush, and none on the way of a request. While the database is away it goes on collecting; a clean
 * shutdown loses nothing.
 */
@Injectable()
export class UsageBuffer extends KeyUsage implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(UsageBuffer.name);
  private lastUsed = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<unknown> = Promise.resolve();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly databaseClock: DatabaseClock,
    @Inject(ENV) private readonly env: Env,
  ) {
    super();
  }

  note(keyId: string, at: number): void {
    this.lastUsed.set(keyId, at);
  }

  async onApplicationBootstrap(): Promise<void> {
    // Before anything is verified, so that the database's clock is known.
    await this.flush();
    this.timer = setInterval(() => {
      this.flushing = this.flushing.then(() => this.flush());
    }, this.env.USAGE_FLUSH_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flushing;
    while (this.lastUsed.size > 0 && (await this.flush())) {
      // Until everything is written, or the database is gone.
    }
  }

  /** Answers whether the database took all of it. */
  private async flush(): Promise<boolean> {
    const used = [...this.lastUsed];
    this.lastUsed = new Map();
    // Once at least: what the database says of its time is good for a node that nobody asks, too.
    for (let from = 0; from === 0 || from < used.length; from += MOST_AT_ONCE) {
      try {
        await this.write(used.slice(from, from + MOST_AT_ONCE));
      } catch (error) {
        for (const [keyId, at] of used.slice(from))
          if (!this.lastUsed.has(keyId)) this.lastUsed.set(keyId, at);
        if (used.length > 0) {
          this.logger.warn(`could not write down when keys were last used: ${(error as Error).message}`);
        }
        return false;
      }
    }
    return true;
  }

  private async write(used: readonly (readonly [keyId: string, at: number])[]): Promise<void> {
    const sent = this.databaseClock.sending();
    const [{ now }] = await this.dataSource.query<[{ now: number }]>(
      // Sorted, so that two nodes that write the same keys do not wait for each other crosswise. A key that was
      // deleted meanwhile has nothing to be noted on.
      `WITH used AS (
         SELECT u.id, u.at FROM unnest($1::uuid[], $2::float8[]) AS u(id, at) JOIN api_keys k ON k.id = u.id
          ORDER BY u.id
       ), written AS (
         INSERT INTO api_key_usage (api_key_id, last_used_at)
         SELECT id, to_timestamp(at / 1000) FROM used
             ON CONFLICT (api_key_id) DO UPDATE
            SET last_used_at = greatest(api_key_usage.last_used_at, excluded.last_used_at)
       )
       SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`,
      // Array literals: ids and numbers need none of the quoting that pg would do for each.
      [`{${used.map(([keyId]) => keyId).join()}}`, `{${used.map(([, at]) => at).join()}}`],
    );
    this.databaseClock.set(now, sent);
  }
}
