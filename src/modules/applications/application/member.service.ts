import { Injectable } from '@nestjs/common';
import type { Actor, Caller } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import { isSameSubject, LOCAL_ISSUER, type Subject } from '../../../shared/subject.js';
import { OptimisticLockError, UnitOfWork, unlessStale } from '../../../shared/unit-of-work.js';
import { SubjectDirectory, type KnownAccount } from '../../auth/index.js';
import { Freshness } from '../../freshness/index.js';
import type { Member } from '../domain/member.js';
import { MemberRepository } from '../domain/member.repository.js';
import type { Members } from '../domain/members.js';
import type { Offer } from '../domain/offer.js';
import type { Role } from '../domain/role.js';
import { ApplicationService } from './application.service.js';
import { KeysOfMembers } from './keys-of-members.js';

/** A member, and their account here if they have one and it is shown to who asks. */
interface ListedMember {
  readonly member: Member;
  readonly account: KnownAccount | undefined;
}

/**
 * Who has a part in an application. Each change is answered only once it holds everywhere: nobody sees anything by a
 * role that was taken from them, and verification names the owner.
 */
@Injectable()
export class MemberService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly members: MemberRepository,
    private readonly directory: SubjectDirectory,
    private readonly applications: ApplicationService,
    private readonly keys: KeysOfMembers,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
  ) {}

  async list(
    caller: Caller,
    applicationId: string,
    query: { limit?: number; cursor?: string },
  ): Promise<Page<ListedMember>> {
    const filter = { members: applicationId };
    const page = readPage(query, filter);
    const { data, nextCursor } = toPage(await this.members.list(applicationId, page), page.limit, filter);
    const maySeeEmails = await this.applications.permits(applicationId, caller, 'read-emails');
    const accounts = await this.directory.accountsOf(maySeeEmails ? data : []);
    const accountOf = ({ issuer, subject }: Member): KnownAccount | undefined =>
      issuer === LOCAL_ISSUER ? accounts.get(subject) : undefined;
    return { data: data.map((member) => ({ member, account: accountOf(member) })), nextCursor };
  }

  /** Throws what `Members.assign` and `SubjectDirectory.assertKnown` throw. */
  async assign(actor: Actor, applicationId: string, who: Subject, role: Role): Promise<Member | Offer> {
    await this.directory.assertKnown(who);
    const now = this.clock.now();
    return this.changeMembers(actor, applicationId, (members) => members.assign(who, role, actor, now));
  }

  /**
   * Returns how many keys were revoked. Of somebody who is no member any more, the keys are revoked all the same. Throws
   * what `Members.remove` throws, and `member_not_found` when there is nothing to do.
   */
  async remove(actor: Actor, applicationId: string, who: Subject, revokesKeys: boolean): Promise<number> {
    if (revokesKeys && isSameSubject(who, actor)) return this.leaveWithKeys(actor, applicationId);
    const now = this.clock.now();
    const isRemoved = await this.changeMembers(actor, applicationId, (members) =>
      members.remove(who, actor, now, revokesKeys),
    );
    const revokedKeys = revokesKeys ? await this.revokeKeys(actor, applicationId, who) : 0;
    // Only now: it may answer the repetition of a call that could not wait, and promises what that one would have.
    if (!isRemoved && revokedKeys === 0) {
      throw new DomainError(
        'member_not_found',
        'Nobody of this name is a member: list them with GET /applications/{id}/members.',
      );
    }
    return revokedKeys;
  }

  /**
   * Takes the actor out in one transaction with the last of the keys that they made: once they are out, they could not
   * repeat a call that failed between the two. What they are about to issue is waited for by `members.change`. That locks
   * the members before keys: when somebody is changing one of these meanwhile, one of the two may have to be repeated.
   */
  private async leaveWithKeys(actor: Actor, applicationId: string): Promise<number> {
    for (let revokedKeys = 0; ;) {
      const now = this.clock.now();
      const left = await unlessStale(
        this.unitOfWork.run(actor, async (tx) => {
          await this.members.change(applicationId, (members) => members.remove(actor, actor, now, true), tx);
          const { revoked, mayBeMore } = await this.keys.revokeSomeMadeBy(actor, applicationId, now, tx);
          // Too many for it: they may leave, and most of the keys go first.
          if (mayBeMore) throw new OptimisticLockError();
          return revoked;
        }),
      );
      if (left !== null) {
        await this.freshness.waitForPropagation(left.change);
        return revokedKeys + left.value;
      }
      revokedKeys += await this.revokeKeys(actor, applicationId, actor);
    }
  }

  /**
   * What somebody made in an application. Not in the transaction that takes them out: whoever changes a key locks it
   * before the members. When it fails half-way, the call is to be repeated.
   */
  private async revokeKeys(actor: Actor, applicationId: string, who: Subject): Promise<number> {
    const now = this.clock.now();
    for (let revokedKeys = 0; ;) {
      const { value, change } = await this.unitOfWork.run(actor, async (tx) => {
        const some = await this.keys.revokeSomeMadeBy(who, applicationId, now, tx);
        const permission = isSameSubject(who, actor) ? 'manage-keys' : 'manage-members';
        await this.applications.assertStillPermitted(applicationId, permission, tx);
        return some;
      });
      await this.freshness.waitForPropagation(change);
      revokedKeys += value.revoked;
      if (!value.mayBeMore) return revokedKeys;
    }
  }

  /** Throws what `Members.transfer` and `SubjectDirectory.assertKnown` throw. */
  async transfer(actor: Actor, applicationId: string, to: Subject): Promise<Offer> {
    await this.directory.assertKnown(to);
    const now = this.clock.now();
    return this.changeMembers(actor, applicationId, (members) => members.transfer(to, actor, now));
  }

  /** Whether the actor may do it is judged under the lock, by `Members`. */
  private async changeMembers<T>(
    actor: Actor,
    applicationId: string,
    work: (members: Members) => T,
  ): Promise<T> {
    const { value, change } = await this.unitOfWork.run(actor, (tx) =>
      this.members.change(applicationId, work, tx),
    );
    await this.freshness.waitForPropagation(change);
    return value;
  }
}
