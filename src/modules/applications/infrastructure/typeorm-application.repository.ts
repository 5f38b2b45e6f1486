import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { IsNull, Repository } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { BARRIER, commitStatement } from '../../../infrastructure/database/commit.js';
import { Columns } from '../../../infrastructure/database/columns.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { expectProof, managerOf } from '../../../infrastructure/database/transaction.js';
import { eventsOf } from '../../../shared/domain-event.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';
import { OptimisticLockError } from '../../../shared/unit-of-work.js';
import { Application } from '../domain/application.js';
import { ApplicationRepository, type ApplicationMembership } from '../domain/application.repository.js';
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

  async insert(application: Application, tx: Transaction): Promise<void> {
    const { id, owner, createdAt } = application;
    const manager = managerOf(tx);
    await manager.insert(applicationSchema, application);
    await manager.insert(memberSchema, Member.join(uuidv7(), id, owner, 'owner', createdAt));
    tx.record(eventsOf(application));
  }

  async update(application: Application, tx: Transaction): Promise<void> {
    const { affected } = await managerOf(tx).update(
      applicationSchema,
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
    if (affected !== 1) throw new OptimisticLockError();
    tx.record(eventsOf(application));
  }

  find(id: string, tx?: Transaction): Promise<Application | null> {
    const manager = tx === undefined ? this.rows.manager : managerOf(tx);
    return manager.findOneBy(applicationSchema, { id, deletedAt: IsNull() });
  }

  async isGone(id: string): Promise<boolean> {
    const { value: rows } = await commitStatement<{ isGone: boolean }>(this.pool, IS_GONE, [id]);
    return rows[0]?.isGone === true;
  }

  async findFor(id: string, { issuer, subject }: Subject): Promise<ApplicationMembership | null> {
    // One trip, and prepared: every management call begins with it.
    const { rows } = await this.pool.query<Record<string, unknown> & { role: Role | null }>({
      name: 'application_and_role',
      text: this.selectAccess,
      values: [id, issuer, subject],
    });
    const [row] = rows;
    return row === undefined ? null : { application: this.columns.entityOf(row), role: row.role };
  }

  async lockRole(id: string, tx: Transaction): Promise<Role | null> {
    const { issuer, subject } = tx.actor;
    const rows = await managerOf(tx).query<{ role: Role }[]>(
      `SELECT role FROM application_members WHERE application_id = $1 AND issuer = $2 AND subject = $3 FOR SHARE`,
      [id, issuer, subject],
    );
    return rows[0]?.role ?? null;
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

  async delete(application: Application, now: Date, tx: Transaction): Promise<boolean> {
    const manager = managerOf(tx);
    // Locks the row, so that no key is issued between this and the commit.
    const { affected } = await manager.update(
      applicationSchema,
      { id: application.id, deletedAt: IsNull() },
      { deletedAt: now, updatedAt: now, version: () => 'version + 1' },
    );
    if (affected !== 1) {
      // What was found has to stay: so this transaction must be one that writes.
      await manager.query(`SELECT ${BARRIER}`);
      return false;
    }
    expectProof(tx);
    tx.record(eventsOf(application));
    return true;
  }

  async removeMembers(id: string, tx: Transaction): Promise<void> {
    await managerOf(tx).delete(memberSchema, { applicationId: id });
  }
}
