import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { BARRIER, commitStatement } from '../../../infrastructure/database/commit.js';
import { Columns } from '../../../infrastructure/database/columns.js';
import type { ConnectionPool } from '../../../infrastructure/database/connection-pool.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { expectProof, managerOf } from '../../../infrastructure/database/transaction.js';
import { eventsOf } from '../../../shared/domain-event.js';
import { MS_PER_DAY } from '../../../shared/durations.js';
import type { PageRequest } from '../../../shared/page.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';
import { OptimisticLockError } from '../../../shared/unit-of-work.js';
import { Application } from '../domain/application.js';
import { ApplicationRepository, type ApplicationMembership } from '../domain/application.repository.js';
import type { Dated } from '../../freshness/index.js';
import { Member } from '../domain/member.js';
import { DEFAULT_POLICY, type KeyPolicy } from '../domain/key-policy.js';
import type { Role } from '../domain/role.js';
import { applicationSchema } from './application.schema.js';
import { memberSchema } from './member.schema.js';
import { membersLock } from './members-lock.js';
import { Memberships } from './memberships.js';
import { offerSchema } from './offer.schema.js';

const IS_GONE = `
  SELECT count(*) = 0 AS "isGone", ${BARRIER} FROM applications WHERE id = $1 AND deleted_at IS NULL`;

/** The columns of an application, all null where there is none, with the last change that the snapshot shows. */
interface PageRow extends Record<string, unknown> {
  asOf: number;
  id: string | null;
}

const TAKE_TURN_OF_OWNER = `SELECT pg_advisory_xact_lock(hashtextextended('owner of applications ' || $1 || ' ' || $2, 0))`;
/** Also those that name another owner still: whoever is left by them is named, and is asked nothing any more. */
const COUNT_OWNED = `
  SELECT count(*)::int AS owned
    FROM application_members
   WHERE issuer = $1 AND subject = $2 AND role = 'owner' AND application_id <> $3`;
const COUNT_CREATED = `
  SELECT count(*)::int AS created
    FROM applications
   WHERE creator_issuer = $1 AND creator_subject = $2 AND created_at >= $3`;

@Injectable()
export class TypeOrmApplicationRepository extends ApplicationRepository {
  private readonly pool: ConnectionPool;
  private readonly columns: Columns<Application>;
  private readonly memberships: Memberships;
  private readonly selectPage: string;

  constructor(@InjectRepository(applicationSchema) private readonly rows: Repository<Application>) {
    super();
    const { dataSource } = rows.manager;
    this.pool = poolOf(dataSource);
    this.columns = new Columns(dataSource, applicationSchema);
    this.memberships = new Memberships(this.pool, this.columns);
    this.selectPage = `
      SELECT counter.number::float8 AS "asOf", page.*
        FROM key_change_counter counter
        LEFT JOIN LATERAL (
               SELECT ${this.columns.namesIn('application')}
                 FROM application_members member JOIN applications application ON application.id = application_id
                WHERE issuer = $1 AND subject = $2 AND ($3::uuid IS NULL OR application_id < $3)
                ORDER BY application_id DESC LIMIT $4
             ) page ON true
       ORDER BY page.id DESC`;
  }

  async assertMayOwn(id: string, maxOwned: number, tx: Transaction): Promise<void> {
    const { issuer, subject } = tx.actor;
    const manager = managerOf(tx);
    await manager.query(TAKE_TURN_OF_OWNER, [issuer, subject]);
    const [row] = await manager.query<{ owned: number }[]>(COUNT_OWNED, [issuer, subject, id]);
    if ((row?.owned ?? 0) < maxOwned) return;
    throw new DomainError(
      'application_limit_reached',
      `You own ${maxOwned} applications, as many as you may: delete one, or hand one on, first.`,
    );
  }

  async assertMayCreate(maxCreated: number, now: Date, tx: Transaction): Promise<void> {
    const { issuer, subject } = tx.actor;
    const sinceMidnight = now.getTime() % MS_PER_DAY;
    const midnight = new Date(now.getTime() - sinceMidnight);
    const [row] = await managerOf(tx).query<{ created: number }[]>(COUNT_CREATED, [
      issuer,
      subject,
      midnight,
    ]);
    if ((row?.created ?? 0) < maxCreated) return;
    const retryAfter = Math.ceil((MS_PER_DAY - sinceMidnight) / 1000);
    throw new DomainError(
      'daily_application_limit_reached',
      `You may create ${maxCreated} applications a day, and no more: go on after midnight (UTC).`,
      {
        retryAfter,
        // Of draft-ietf-httpapi-ratelimit-headers.
        headers: {
          'RateLimit-Policy': `"applications";q=${maxCreated};w=${MS_PER_DAY / 1000}`,
          RateLimit: `"applications";r=0;t=${retryAfter}`,
        },
      },
    );
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
        storedPolicy: application.storedPolicy,
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

  findFor(id: string, who: Subject, atLeast: number): Promise<Dated<ApplicationMembership | null>> {
    return this.memberships.find(id, who, atLeast);
  }

  async lockRole(id: string, tx: Transaction): Promise<Role | null> {
    const { issuer, subject } = tx.actor;
    const rows = await managerOf(tx).query<{ role: Role }[]>(
      `WITH turn AS MATERIALIZED (SELECT ${membersLock.share('$1')})
       SELECT role FROM application_members member, turn
        WHERE application_id = $1 AND issuer = $2 AND subject = $3 FOR SHARE OF member`,
      [id, issuer, subject],
    );
    return rows[0]?.role ?? null;
  }

  async lockPolicy(id: string, tx: Transaction): Promise<KeyPolicy | null> {
    const manager = managerOf(tx);
    await manager.query(`SELECT ${membersLock.share('$1')}`, [id]);
    // By a statement that begins after its turn has come: a single one would see what was before.
    const rows = await manager.query<{ policy: KeyPolicy | null }[]>(
      'SELECT policy FROM applications WHERE id = $1 AND deleted_at IS NULL',
      [id],
    );
    const [row] = rows;
    return row === undefined ? null : { ...DEFAULT_POLICY, ...row.policy };
  }

  async awaitPolicyReaders(id: string, tx: Transaction): Promise<void> {
    await managerOf(tx).query(`SELECT ${membersLock.takeAlone('$1')}`, [id]);
  }

  async listOf(
    { issuer, subject }: Subject,
    { before, limit }: PageRequest,
    atLeast: number,
  ): Promise<Dated<Application[]>> {
    const values = [issuer, subject, before ?? null, limit + 1];
    const { rows } = await this.pool.query<PageRow>({
      name: 'applications_of_member',
      text: this.selectPage,
      values,
    });
    const asOf = rows[0]?.asOf ?? 0;
    // Such a connection shows less than this node knows.
    if (asOf < atLeast) this.pool.distrust();
    return { value: rows.filter(({ id }) => id !== null).map((row) => this.columns.entityOf(row)), asOf };
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
    await managerOf(tx).query(`SELECT ${membersLock.takeAlone('$1')}`, [id]);
    await managerOf(tx).delete(memberSchema, { applicationId: id });
    await managerOf(tx).delete(offerSchema, { applicationId: id });
  }
}
