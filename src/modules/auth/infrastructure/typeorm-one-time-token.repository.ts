import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { deleteExpired } from '../../../infrastructure/database/delete-expired.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import { eventsOf } from '../../../shared/domain-event.js';
import type { Transaction } from '../../../shared/transaction.js';
import { OneTimeTokenRepository } from '../domain/one-time-token.repository.js';
import { invalidOneTimeToken, OneTimeToken, type TokenPurpose } from '../domain/one-time-token.js';

@Injectable()
export class TypeOrmOneTimeTokenRepository extends OneTimeTokenRepository {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async add(token: OneTimeToken, tx: Transaction): Promise<void> {
    const manager = managerOf(tx);
    if (token.purpose === 'invitation') {
      await manager.delete(OneTimeToken, { purpose: token.purpose, email: token.email });
    }
    await manager.insert(OneTimeToken, token);
    tx.record(eventsOf(token));
  }

  async find(hash: Buffer, purpose: TokenPurpose): Promise<OneTimeToken | undefined> {
    return (await this.dataSource.manager.findOneBy(OneTimeToken, { hash, purpose })) ?? undefined;
  }

  async spend(token: OneTimeToken, tx: Transaction): Promise<void> {
    const { affected } = await managerOf(tx).delete(OneTimeToken, { id: token.id });
    if (affected !== 1) throw invalidOneTimeToken();
    tx.record(eventsOf(token));
  }

  async spendAllOf(userId: string, purpose: TokenPurpose, tx: Transaction): Promise<void> {
    await managerOf(tx).delete(OneTimeToken, { userId, purpose });
  }

  purgeExpired(now: Date, limit: number, tx: Transaction): Promise<number> {
    return deleteExpired('one_time_tokens', now, limit, tx);
  }
}
