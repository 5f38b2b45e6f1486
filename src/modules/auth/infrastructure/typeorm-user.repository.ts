import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import { DomainError } from '../../../shared/domain-error.js';
import { eventsOf } from '../../../shared/domain-event.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { PasswordHash } from '../domain/password-hasher.js';
import { User } from '../domain/user.js';
import { UserRepository } from '../domain/user.repository.js';

@Injectable()
export class TypeOrmUserRepository extends UserRepository {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async add(user: User, tx: Transaction): Promise<void> {
    const inserted = await managerOf(tx)
      .createQueryBuilder()
      .insert()
      .into(User)
      .values(user)
      .orIgnore()
      .returning('id')
      .execute();
    if ((inserted.raw as unknown[]).length === 0) {
      throw new DomainError('email_taken', 'Log in, or register with another email.');
    }
    tx.record(eventsOf(user));
  }

  async find(id: string): Promise<User | undefined> {
    return (await this.dataSource.manager.findOneBy(User, { id })) ?? undefined;
  }

  findAll(ids: readonly string[]): Promise<User[]> {
    return this.dataSource.manager.findBy(User, { id: In(ids) });
  }

  async findByEmail(normalizedEmail: string): Promise<User | undefined> {
    return (await this.dataSource.manager.findOneBy(User, { normalizedEmail })) ?? undefined;
  }

  async delete(user: User, tx: Transaction): Promise<void> {
    const { affected } = await managerOf(tx).delete(User, { id: user.id });
    if (affected === 1) tx.record(eventsOf(user));
  }

  async lock(id: string, tx: Transaction): Promise<User | undefined> {
    const found = await managerOf(tx).findOne(User, { where: { id }, lock: { mode: 'for_no_key_update' } });
    return found ?? undefined;
  }

  async lockForDeletion(id: string, tx: Transaction): Promise<User | undefined> {
    const found = await managerOf(tx).findOne(User, { where: { id }, lock: { mode: 'pessimistic_write' } });
    return found ?? undefined;
  }

  async keep(id: string, tx: Transaction): Promise<boolean> {
    const found = await managerOf(tx).findOne(User, {
      select: { id: true },
      where: { id },
      lock: { mode: 'for_key_share' },
    });
    return found !== null;
  }

  async update(user: User, tx: Transaction): Promise<void> {
    const { id, password, disabledAt, emailVerifiedAt } = user;
    await managerOf(tx).update(User, { id }, { ...columnsOf(password), disabledAt, emailVerifiedAt });
    tx.record(eventsOf(user));
  }

  async highestHashCost(): Promise<number | undefined> {
    const [row] = await this.dataSource.query<{ cost: number | null }[]>(
      'SELECT max(substring(password_hash FROM 5 FOR 2)::int) AS cost FROM users',
    );
    return row?.cost ?? undefined;
  }

  async replacePasswordHash(user: User, hash: PasswordHash, tx: Transaction): Promise<void> {
    const { id, passwordHash } = user;
    const { affected } = await managerOf(tx).update(User, { id, passwordHash }, columnsOf(hash));
    if (affected === 0) return;
    const target = { kind: 'user', id } as const;
    tx.record([{ name: 'PasswordHashRenewed', applicationId: null, target, before: null, after: null }]);
  }
}

function columnsOf({
  text,
  pepperVersion,
}: PasswordHash): Pick<User, 'passwordHash' | 'passwordPepperVersion'> {
  return { passwordHash: text, passwordPepperVersion: pepperVersion };
}
