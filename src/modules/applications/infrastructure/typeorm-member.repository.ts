import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, IsNull, LessThan, Repository, type EntityManager } from 'typeorm';
import { expectProof, managerOf } from '../../../infrastructure/database/transaction.js';
import { eventsOf } from '../../../shared/domain-event.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import { applicationNotFound } from '../domain/application.js';
import { Member } from '../domain/member.js';
import { MemberRepository } from '../domain/member.repository.js';
import { Members } from '../domain/members.js';
import type { Offer } from '../domain/offer.js';
import { ApplicationQuotas } from '../domain/application-quotas.js';
import type { Role } from '../domain/role.js';
import { applicationSchema } from './application.schema.js';
import { memberSchema } from './member.schema.js';
import { membersLock } from './members-lock.js';
import { offerSchema } from './offer.schema.js';

@Injectable()
export class TypeOrmMemberRepository extends MemberRepository {
  constructor(
    @InjectRepository(memberSchema) private readonly rows: Repository<Member>,
    private readonly quotas: ApplicationQuotas,
  ) {
    super();
  }

  list(applicationId: string, page: PageRequest): Promise<Member[]> {
    return this.rows.find({
      where: { applicationId, ...(page.before === undefined ? {} : { id: LessThan(page.before) }) },
      order: { id: 'DESC' },
      take: page.limit + 1,
    });
  }

  async applicationsOf({ issuer, subject }: Subject, tx: Transaction): Promise<string[]> {
    const rows = await managerOf(tx).query<{ id: string }[]>(
      'SELECT application_id AS id FROM application_members WHERE issuer = $1 AND subject = $2 ORDER BY application_id',
      [issuer, subject],
    );
    return rows.map(({ id }) => id);
  }

  async change<T>(applicationId: string, change: (members: Members) => T, tx: Transaction): Promise<T> {
    const manager = managerOf(tx);
    // Changes of one application's members take turns: two owners who leave at once must not both find the other.
    // The lock also makes this a transaction that writes, so that what it finds, and leaves as it is, has to stay.
    const application = await manager.findOne(applicationSchema, {
      where: { id: applicationId, deletedAt: IsNull() },
      lock: { mode: 'for_no_key_update' },
    });
    if (application === null) throw applicationNotFound();
    const { owner } = application;
    const before = await manager.findBy(memberSchema, { applicationId });
    const roles = new Map(before.map((member) => [member.id, member.role]));
    const offers = await manager.findBy(offerSchema, { applicationId });
    const members = new Members(application, before, offers, this.quotas.maxMembersPerApplication);
    const result = change(members);
    if (await writeMembers(manager, roles, members)) expectProof(tx);
    await writeOffers(manager, offers, members);
    if (!application.isOwnedBy(owner)) {
      const { ownerIssuer, ownerSubject, updatedAt } = application;
      await manager.update(
        applicationSchema,
        { id: applicationId },
        { ownerIssuer, ownerSubject, updatedAt, version: () => 'version + 1' },
      );
    }
    tx.record([...eventsOf(members), ...eventsOf(application)]);
    return result;
  }
}

/**
 * Returns whether anybody was taken out or has another role now, which takes a number.
 *
 * @param before Every member's role by their id, as it stands in the table.
 */
async function writeMembers(
  manager: EntityManager,
  before: ReadonlyMap<string, Role>,
  members: Members,
): Promise<boolean> {
  const staying = new Map(members.all.map(({ id, role }) => [id, role]));
  const gone = [...before.keys()].filter((id) => !staying.has(id));
  const isNumbered = [...before].some(([id, role]) => staying.get(id) !== role);
  // Before any of their rows is locked.
  if (isNumbered) await manager.query(`SELECT ${membersLock.takeAlone('$1')}`, [members.application.id]);
  for (const member of members.all) {
    const { id, role, updatedAt } = member;
    if (!before.has(id)) await manager.insert(memberSchema, member);
    else if (before.get(id) !== role) await manager.update(memberSchema, { id }, { role, updatedAt });
  }
  if (gone.length > 0) await manager.delete(memberSchema, { id: In(gone) });
  return isNumbered;
}

/** @param before those that stand in the table */
async function writeOffers(
  manager: EntityManager,
  before: readonly Offer[],
  { offers }: Members,
): Promise<void> {
  const gone = before.filter((offer) => !offers.includes(offer));
  const made = offers.filter((offer) => !before.includes(offer));
  // First, so that another offer to the same person can take the place of one.
  if (gone.length > 0) await manager.delete(offerSchema, { id: In(gone.map(({ id }) => id)) });
  if (made.length > 0) await manager.insert(offerSchema, made);
}
