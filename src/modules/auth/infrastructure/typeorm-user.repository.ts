import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DomainError } from '../../../shared/domain-error.js';
import { User } from '../domain/user.js';
import { UserRepository } from '../domain/user.repository.js';

@Injectable()
export class TypeOrmUserRepository extends UserRepository {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async add(user: User): Promise<void> {
    const inserted = await this.dataSource
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
  }

  async find(id: string): Promise<User | undefined> {
    return (await this.dataSource.manager.findOneBy(User, { id })) ?? undefined;
  }

  async findByEmail(normalizedEmail: string): Promise<User | undefined> {
    return (await this.dataSource.manager.findOneBy(User, { normalizedEmail })) ?? undefined;
  }

  async replacePasswordHash(user: User, hash: string): Promise<void> {
    const { id, passwordHash } = user;
    await this.dataSource.manager.update(User, { id, passwordHash }, { passwordHash: hash });
  }
}
