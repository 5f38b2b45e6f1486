import type { DataSource, EntityManager } from 'typeorm';
import type { Snapshot } from '../../shared/transaction.js';
import { BARRIER, IS_REPLICATED } from './commit.js';
import { poolOf } from './pool.js';

/** What was read, and the last change that its snapshot shows. */
interface DatedValue<T> {
  readonly value: T;
  readonly asOf: number;
}

/** A snapshot that is open. */
class OpenSnapshot {
  constructor(readonly manager: EntityManager) {}

  /** The opaque type that other modules see. */
  get handle(): Snapshot {
    return this as unknown as Snapshot;
  }
}

/**
 * Reads of several statements that show one state of one server, dated for `Freshness.read`: by themselves each could
 * be answered by another, and no one would know how old the whole is.
 */
export class Snapshots {
  constructor(private readonly dataSource: DataSource) {}

  /** @param atLeast the number of the last change that it has to show, as `Freshness.read` says it */
  read<T>(atLeast: number, work: (snapshot: Snapshot) => Promise<T>): Promise<DatedValue<T>> {
    return this.open(atLeast, 'READ ONLY', 'NULL', work);
  }

  /**
   * The same, of one row that is wanted. A new row takes no number, so that a server that was left behind may show all
   * changes there are and not the row: what it does not find is read once more, in a transaction that such a server
   * cannot commit.
   */
  async find<T>(
    atLeast: number,
    work: (snapshot: Snapshot) => Promise<T | null>,
  ): Promise<DatedValue<T | null>> {
    const found = await this.open(atLeast, 'READ ONLY', 'NULL', work);
    if (found.value !== null || !found.isReplicated) return found;
    return this.open(atLeast, 'READ WRITE', BARRIER, work);
  }

  /**
   * The same, of the last rows that there are. New ones take no number, and whatever is found, newer ones may be missing:
   * where such a server may answer, it is read at once in a transaction that it cannot commit.
   */
  latest<T>(atLeast: number, work: (snapshot: Snapshot) => Promise<T>): Promise<DatedValue<T>> {
    return this.open(atLeast, 'READ WRITE', `CASE WHEN ${IS_REPLICATED} THEN ${BARRIER} END`, work);
  }

  /** Lets go of connections that show less than `atLeast`. */
  private async open<T>(
    atLeast: number,
    mode: 'READ ONLY' | 'READ WRITE',
    first: string,
    work: (snapshot: Snapshot) => Promise<T>,
  ): Promise<DatedValue<T> & { isReplicated: boolean }> {
    const runner = this.dataSource.createQueryRunner();
    try {
      // Not TypeORM's, which is one trip more. Whatever fails in it ends the connection as it is given back.
      await runner.query(`BEGIN ISOLATION LEVEL REPEATABLE READ ${mode}`);
      const [state] = (await runner.query(
        `SELECT ${first}, number::float8 AS "asOf", ${IS_REPLICATED} AS "isReplicated" FROM key_change_counter`,
      )) as { asOf: number; isReplicated: boolean }[];
      if (state === undefined) throw new Error('key_change_counter has lost its row');
      const value = await work(new OpenSnapshot(runner.manager).handle);
      await runner.query('COMMIT');
      if (state.asOf < atLeast) poolOf(this.dataSource).distrust();
      return { value, asOf: state.asOf, isReplicated: state.isReplicated };
    } finally {
      await runner.release();
    }
  }
}
