import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, LessThan, Repository } from 'typeorm';
import { asTransaction } from '../../../infrastructure/database/transaction.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';
import { Application } from '../domain/application.js';
import { ApplicationRepository } from '../domain/application.repository.js';
import { applicationSchema } from './application.schema.js';

@Injectable()
export class TypeOrmApplicationRepository extends ApplicationRepository {
  constructor(@InjectRepository(applicationSchema) private readonly rows: Repository<Application>) {
    super();
  }

  async insert(application: Application): Promise<void> {
    await this.rows.insert(application);
  }

  async update(application: Application): Promise<boolean> {
    const { affected } = await this.rows.update(
      { id: application.id, version: application.version, deletedAt: IsNull() },
      {
        name: application.name,
        description: application.description,
        environment: application.environment,
        updatedAt: application.updatedAt,
        version: application.version + 1,
      },
    );
    return affected === 1;
  }

  find(id: string): Promise<Application | null> {
    return this.rows.findOneBy({ id, deletedAt: IsNull() });
  }

  listOwnedBy(owner: Subject, page: PageRequest): Promise<Application[]> {
    return this.rows.find({
      where: {
        ownerIssuer: owner.issuer,
        ownerSubject: owner.subject,
        deletedAt: IsNull(),
        ...(page.before === undefined ? {} : { id: LessThan(page.before) }),
      },
      order: { id: 'DESC' },
      take: page.limit + 1,
    });
  }

  delete(id: string, now: Date, alongside: (tx: Transaction) => Promise<void>): Promise<boolean> {
    return this.rows.manager.transaction(async (manager) => {
      // Locks the row, so that no key is issued between this and the commit.
      const { affected } = await manager.update(
        applicationSchema,
        { id, deletedAt: IsNull() },
        { deletedAt: now, updatedAt: now, version: () => 'version + 1' },
      );
      if (affected !== 1) return false;
      await alongside(asTransaction(manager));
      return true;
    });
  }
}
