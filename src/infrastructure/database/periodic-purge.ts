import type { Transaction } from '../../shared/transaction.js';
import type { UnitOfWork } from '../../shared/unit-of-work.js';
import { PeriodicBatches } from './periodic-batches.js';

/**
 * Deletes rows that have run out. Whatever has run out counts no more whether its row is there or not, so failing costs
 * nothing but room.
 */
export abstract class PeriodicPurge extends PeriodicBatches {
  /** @param what for the log: what is deleted */
  protected constructor(
    private readonly what: string,
    everyMs: number,
    unitOfWork: UnitOfWork,
  ) {
    super({ task: 'purge', failure: `Expired ${what} were not deleted`, everyMs }, unitOfWork);
  }

  /** Deletes up to `limit` rows, and says how many. */
  protected abstract deleteSome(limit: number, tx: Transaction): Promise<number>;

  protected override async doSome(limit: number, tx: Transaction): Promise<boolean> {
    const deleted = await this.deleteSome(limit, tx);
    if (deleted > 0) {
      const target = { kind: 'system', id: this.what } as const;
      tx.record([
        { name: 'ExpiredRowsPurged', applicationId: null, target, before: null, after: { deleted } },
      ]);
    }
    return deleted === limit;
  }
}
