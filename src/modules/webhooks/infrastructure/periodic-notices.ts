import type { DataSource } from 'typeorm';
import { PeriodicLook } from './periodic-look.js';

/** Keys of one statement. */
const BATCH = 500;

/**
 * Looks again and again for keys that something has come due for, and tells receivers of each once. The statement does it
 * all: it writes a notice, and with it the message, and says how many it has found of the `$1` that it looks for.
 */
export abstract class PeriodicNotices extends PeriodicLook {
  protected constructor(
    dataSource: DataSource,
    private readonly statement: { readonly name: string; readonly text: string },
    everyMs: number,
  ) {
    super(dataSource, everyMs);
  }

  protected async look(): Promise<void> {
    try {
      let found = BATCH;
      while (found === BATCH && !this.isStopped) {
        const { rows } = await this.pool.query<{ found: number }>({ ...this.statement, values: [BATCH] });
        found = rows[0]?.found ?? 0;
      }
    } catch (error) {
      this.logger.warn(`Keys were not looked at: ${(error as Error).message}`);
    }
  }
}
