import { PeriodicBatches } from './periodic-batches.js';

/**
 * Deletes rows that have run out. Whatever has run out counts no more whether its row is there or not, so failing costs
 * nothing but room.
 */
export abstract class PeriodicPurge extends PeriodicBatches {
  /** @param what for the log: what is deleted */
  protected constructor(what: string, everyMs: number) {
    super(`Expired ${what} were not deleted`, everyMs);
  }

  /** Deletes up to `limit` rows, and says how many. */
  protected abstract deleteSome(limit: number): Promise<number>;

  protected override async doSome(limit: number): Promise<boolean> {
    return (await this.deleteSome(limit)) === limit;
  }
}
