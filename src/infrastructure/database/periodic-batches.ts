import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { systemActor, type SystemTask } from '../../shared/actor.js';
import { PeriodicTask } from '../../shared/concurrency/periodic-task.js';
import type { Transaction } from '../../shared/transaction.js';
import type { UnitOfWork } from '../../shared/unit-of-work.js';

/** Rows of one statement, so that none runs long. */
const BATCH = 500;

/**
 * Work on rows that no answer waits for, done in batches, again and again and on every node; which of them does it does
 * not matter, and whatever a node that ends has left undone another one does.
 */
export abstract class PeriodicBatches implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(this.constructor.name);
  private readonly periodic: PeriodicTask;
  private stopped = false;

  protected constructor(
    private readonly work: {
      /** The system actor that does it. */
      readonly task: SystemTask;
      /** For the log: what has failed. */
      readonly failure: string;
      readonly everyMs: number;
    },
    private readonly unitOfWork: UnitOfWork,
  ) {
    this.periodic = new PeriodicTask(() => this.batches(), work.everyMs);
  }

  /** Does it for up to `limit` rows, and says whether there may be more. */
  protected abstract doSome(limit: number, tx: Transaction): Promise<boolean>;

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    await this.periodic.stop();
  }

  /** Runs until nothing is left; one run at a time. */
  run(): Promise<void> {
    return this.periodic.run();
  }

  private async batches(): Promise<void> {
    try {
      let mayBeMore = true;
      const actor = systemActor(this.work.task);
      while (mayBeMore && !this.stopped) {
        ({ value: mayBeMore } = await this.unitOfWork.run(actor, (tx) => this.doSome(BATCH, tx)));
      }
    } catch (error) {
      this.logger.warn(`${this.work.failure}: ${String(error)}`);
    }
  }
}
