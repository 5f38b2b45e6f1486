import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** Rows of one statement, so that none runs long. */
const BATCH = 500;

/**
 * Work on rows that no answer waits for, done in batches, again and again and on every node; which of them does it does
 * not matter, and whatever a node that ends has left undone another one does.
 */
export abstract class PeriodicBatches implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(this.constructor.name);
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private running: Promise<void> | undefined;

  /** @param failure for the log: what has not been done */
  protected constructor(
    private readonly failure: string,
    private readonly everyMs: number,
  ) {}

  /** Does it for up to `limit` rows, and says whether there may be more. */
  protected abstract doSome(limit: number): Promise<boolean>;

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), this.everyMs).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.stopped = true;
    await this.running;
  }

  /** Until nothing is left; one run at a time. */
  run(): Promise<void> {
    this.running ??= this.batches().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async batches(): Promise<void> {
    try {
      let mayBeMore = true;
      while (mayBeMore && !this.stopped) mayBeMore = await this.doSome(BATCH);
    } catch (error) {
      this.logger.warn(`${this.failure}: ${String(error)}`);
    }
  }
}
