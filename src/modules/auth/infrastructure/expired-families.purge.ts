import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';

const EVERY_MS = 3600_000;
/** Rows of one statement, so that none runs long. */
const BATCH = 500;

/** Deletes logins that have run out, every hour on every node; which of them does it does not matter. */
@Injectable()
export class ExpiredFamiliesPurge implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ExpiredFamiliesPurge.name);
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly families: RefreshTokenFamilyRepository,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.run();
    }, EVERY_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.stopped = true;
    await this.running;
  }

  /** Expired logins are refused whether their rows are there or not, so failing costs nothing but room. */
  async run(): Promise<void> {
    try {
      let deleted = BATCH;
      while (deleted === BATCH && !this.stopped) {
        deleted = await this.families.purgeExpired(this.clock.now(), BATCH);
      }
    } catch (error) {
      this.logger.warn(`Expired logins were not deleted: ${String(error)}`);
    }
  }
}
