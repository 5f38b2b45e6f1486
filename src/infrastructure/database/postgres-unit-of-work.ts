import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Actor } from '../../shared/actor.js';
import type { Committed } from '../../shared/committed.js';
import type { Transaction } from '../../shared/transaction.js';
import { UnitOfWork } from '../../shared/unit-of-work.js';
import { Tracing } from '../tracing/tracing.js';
import { commit } from './commit.js';
import { CommitInDoubt } from './connection-errors.js';
import { EventSubscribers, manyEventsAsJson } from './event-subscribers.js';
import { OpenTransaction } from './transaction.js';

/** Takes a transaction back that has come to its end. */
class Rehearsed extends Error {
  override readonly name = 'Rehearsed';

  constructor(readonly value: unknown) {
    super('Nothing is changed by a rehearsal');
  }
}

@Injectable()
export class PostgresUnitOfWork extends UnitOfWork {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly subscribers: EventSubscribers,
    private readonly tracing: Tracing,
  ) {
    super();
  }

  run<T>(actor: Actor, work: (tx: Transaction) => Promise<T>): Promise<Committed<T>> {
    return this.tracing.inSpan('unit of work', {}, () => this.commit(actor, work));
  }

  rehearse<T>(actor: Actor, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.tracing.inSpan('unit of work', {}, async () => {
      try {
        await this.commit(actor, async (tx) => {
          throw new Rehearsed(await work(tx));
        });
      } catch (error) {
        if (error instanceof Rehearsed) return error.value as T;
        throw error;
      }
      throw new Error('a rehearsal was not taken back');
    });
  }

  private async commit<T>(actor: Actor, work: (tx: Transaction) => Promise<T>): Promise<Committed<T>> {
    const { value, change } = await commit(this.dataSource, async (manager) => {
      const tx = new OpenTransaction(manager, actor);
      const done = await work(tx.handle);
      await this.append(tx);
      return { done, needsProof: tx.needsProof };
    });
    if (value.needsProof && change === null) {
      throw new CommitInDoubt('A change was committed and was told no number.');
    }
    return { value: value.done, change };
  }

  private async append({ events, actor, manager }: OpenTransaction): Promise<void> {
    if (events.length === 0 || this.subscribers.count === 0) return;
    const json = await manyEventsAsJson(events.map((event) => ({ event, actor })));
    await manager.query(`SELECT ${this.subscribers.selectList('$1::jsonb')}`, [json]);
  }
}
