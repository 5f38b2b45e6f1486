import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { Pool } from 'pg';
import { dataSourceOptions } from '../../src/infrastructure/database/data-source.js';
import { poolOf } from '../../src/infrastructure/database/pool.js';
import { OpenTransaction } from '../../src/infrastructure/database/transaction.js';
import type { Transaction } from '../../src/shared/transaction.js';
import type { CreditSubject } from '../../src/modules/metering/domain/credit-balances.js';
import type { Credits } from '../../src/modules/metering/domain/credits.js';
import { PostgresCreditBalances } from '../../src/modules/metering/infrastructure/postgres-credit-balances.js';
import { actor } from '../support/actors.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

type Subject = Omit<CreditSubject, 'applicationId'>;

/** A balance knows its subject by the id alone. */
const creditSubject = (subject: Subject): CreditSubject => ({ ...subject, applicationId: randomUUID() });

/** A database with balances, without the keys and applications they belong to. */
export class BalancesFixture {
  private constructor(
    readonly database: TestDatabase,
    private readonly dataSource: DataSource,
  ) {}

  static async create(): Promise<BalancesFixture> {
    const database = await createTestDatabase();
    const dataSource = new DataSource(dataSourceOptions({ url: database.url, poolSize: 10 }));
    await dataSource.initialize();
    return new BalancesFixture(database, dataSource);
  }

  get pool(): Pool {
    return poolOf(this.dataSource);
  }

  balances(clock?: () => Date): PostgresCreditBalances {
    return new PostgresCreditBalances(this.pool, clock);
  }

  /** The id of a new subject with these credits. */
  async give(
    kind: CreditSubject['kind'],
    credits: Partial<Credits> & { remaining: number },
    clock?: () => Date,
  ): Promise<string> {
    const id = randomUUID();
    await this.put({ kind, id }, { refill: null, ...credits }, clock);
    return id;
  }

  async put(subject: Subject, credits: Credits | null, clock?: () => Date): Promise<void> {
    await this.inTransaction((tx) => this.balances(clock).put(creditSubject(subject), credits, tx));
  }

  set(id: string, remaining: number, clock?: () => Date): Promise<Credits> {
    return this.inTransaction((tx) =>
      this.balances(clock).set(creditSubject({ kind: 'key', id }), remaining, tx),
    );
  }

  add(id: string, amount: number, clock?: () => Date): Promise<Credits> {
    return this.inTransaction((tx) =>
      this.balances(clock).add(creditSubject({ kind: 'key', id }), amount, tx),
    );
  }

  async remaining(id: string, clock?: () => Date): Promise<number | undefined> {
    return (await this.balances(clock).findAll([id])).get(id)?.remaining;
  }

  private inTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.dataSource.transaction((manager) =>
      work(new OpenTransaction(manager, actor('somebody')).handle),
    );
  }

  async drop(): Promise<void> {
    await this.dataSource.destroy();
    await this.database.drop();
  }
}
