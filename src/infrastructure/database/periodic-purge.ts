import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** Rows of one statement, so that none runs long. */
const BATCH = 500;

/**
 * Deletes rows that have run out, again and again and on every node; which of them does it does not matter. Whatever
 * has run out counts no more whether its row is there or not, so failing costs nothing but room.
 */
export abstract class PeriodicPurge implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(this.constructor.name);
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  /** @param what for the log: what is deleted */
  protected constructor(
    private readonly what: string,
    private readonly everyMs: number,
  ) {}

  /** Deletes up to `limit` rows, and says how many. */
  protected abstract deleteSome(limit: number): Promise<number>;

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.run();
    }, this.everyMs).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.stopped = true;
    await this.running;
  }

  async run(): Promise<void> {
    try {
      let deleted = BATCH;
      while (deleted === BATCH && !this.stopped) deleted = await this.deleteSome(BATCH);
    } catch (error) {
      this.logger.warn(`Expired ${this.what} were not deleted: ${String(error)}`);
    }
  }
}
