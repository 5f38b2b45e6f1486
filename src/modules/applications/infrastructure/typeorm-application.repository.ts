import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { IsNull, Repository } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { BARRIER, commit, commitStatement, proofIf } from '../../../infrastructure/database/commit.js';
import { Columns } from '../../../infrastructure/database/columns.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { asTransaction } from '../../../infrastructure/database/transaction.js';
import type { Committed } from '../../../shared/committed.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';
import { Application } from '../domain/application.js';
import { ApplicationRepository, type ApplicationAccess } from '../domain/application.repository.js';
import { Member } from '../domain/member.js';
import type { Role } from '../domain/role.js';
import { applicationSchema } from './application.schema.js';
import { memberSchema } from './member.schema.js';

const IS_MEMBER = 'member.issuer = :issuer AND member.subject = :subject';
const IS_GONE = `
  SELECT count(*) = 0 AS "isGone", ${BARRIER} FROM applications WHERE id = $1 AND deleted_at IS NULL`;

@Injectable()
export class TypeOrmApplicationRepository extends ApplicationRepository {
  private readonly pool: Pool;
  private readonly columns: Columns<Application>;
  private readonly selectAccess: string;

  constructor(@InjectRepository(applicationSchema) private readonly rows: Repository<Application>) {
    super();
    const { dataSource } = rows.manager;
    this.pool = poolOf(dataSource);
    this.columns = new Columns(dataSource, applicationSchema);
    this.selectAccess = `
      SELECT ${this.columns.namesIn('application')}, member.role
        FROM applications application
        LEFT JOIN application_members member
          ON member.application_id = application.id AND member.issuer = $2 AND member.subject = $3
       WHERE application.id = $1 AND application.deleted_at IS NULL`;
  }

  insert(application: Application): Promise<void> {
    const { id, owner, createdAt } = application;
    return this.rows.manager.transaction(async (manager) => {
      await manager.insert(applicationSchema, application);
      await manager.insert(memberSchema, Member.join(uuidv7(), id, owner, 'owner', createdAt));
    });
  }

  async update(application: Application): Promise<boolean> {
    const { affected } = await this.rows.update(
      { id: application.id, version: application.version, deletedAt: IsNull() },
      {
        name: application.name,
        description: application.description,
        environment: application.environment,
        scopes: application.scopes,
        updatedAt: application.updatedAt,
        version: application.version + 1,
      },
    );
    return affected === 1;
  }

  find(id: string): Promise<Application | null> {
    return this.rows.findOneBy({ id, deletedAt: IsNull() });
  }

  async isGone(id: string): Promise<boolean> {
    const { value: rows } = await commitStatement<{ isGone: boolean }>(this.pool, IS_GONE, [id]);
    return rows[0]?.isGone === true;
  }

  async findFor(id: string, { issuer, subject }: Subject): Promise<ApplicationAccess | null> {
    // One trip, and prepared: every management call begins with it.
    const { rows } = await this.pool.query<Record<string, unknown> & { role: Role | null }>({
      name: 'application_and_role',
      text: this.selectAccess,
      values: [id, issuer, subject],
    });
    const [row] = rows;
    return row === undefined ? null : { application: this.columns.entityOf(row), role: row.role };
  }

  listOf({ issuer, subject }: Subject, page: PageRequest): Promise<Application[]> {
    const query = this.rows
      .createQueryBuilder('application')
      .innerJoin(Member, 'member', 'member.applicationId = application.id')
      .where(IS_MEMBER, { issuer, subject });
    if (page.before !== undefined) query.andWhere('member.applicationId < :before', { before: page.before });
    return query
      .orderBy('member.applicationId', 'DESC')
      .limit(page.limit + 1)
      .getMany();
  }

  async delete(
    id: string,
    now: Date,
    alongside: (tx: Transaction) => Promise<void>,
  ): Promise<Committed<boolean>> {
    const done = await commit(this.rows.manager.dataSource, async (manager) => {
      // Locks the row, so that no key is issued between this and the commit.
      const { affected } = await manager.update(
        applicationSchema,
        { id, deletedAt: IsNull() },
        { deletedAt: now, updatedAt: now, version: () => 'version + 1' },
      );
      if (affected !== 1) {
        // What was found has to stay: so this transaction must be one that writes.
        await manager.query(`SELECT ${BARRIER}`);
        return false;
      }
      await manager.delete(memberSchema, { applicationId: id });
      await alongside(asTransaction(manager));
      return true;
    });
    return { ...done, change: proofIf(done.value, done) };
  }
}
