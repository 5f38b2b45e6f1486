import { uuidv7 } from 'uuidv7';
import { DomainError } from '../../../shared/domain-error.js';
import { Aggregate, type EventFields, type EventName } from '../../../shared/domain-event.js';
import { isSameSubject, type Subject } from '../../../shared/subject.js';
import type { Application } from './application.js';
import { Member } from './member.js';
import { requirePermission, type Role } from './role.js';

/**
 * An application together with everybody who has a part in it. There always is an owner, and the one whom the
 * application names as its owner is one. That holds only while no two of these are changed at once: a repository
 * hands one out under a lock.
 *
 * Whether the caller may do it is judged here once more: since a guard looked, they may have lost their role.
 */
export class Members extends Aggregate {
  private readonly everybody: Member[];

  constructor(
    readonly application: Application,
    members: readonly Member[],
    private readonly maxMembers: number,
  ) {
    super();
    this.everybody = [...members];
  }

  get all(): readonly Member[] {
    return this.everybody;
  }

  /** Makes somebody a member, or gives a member another role. Throws `last_owner`, `member_limit_reached`. */
  assign(who: Subject, role: Role, by: Subject, now: Date): Member {
    requirePermission(this.roleOf(by), 'manage-members');
    const member = this.enrol(who, role, now);
    this.keepAnOwner(now);
    return member;
  }

  /**
   * Everybody may leave; taking out others is for those who manage them. Returns whether they were a member. Throws
   * `last_owner`.
   */
  remove(who: Subject, by: Subject, now: Date): boolean {
    requirePermission(this.roleOf(by), isSameSubject(who, by) ? 'read' : 'manage-members');
    const member = this.find(who);
    if (member === undefined) return false;
    this.everybody.splice(this.everybody.indexOf(member), 1);
    this.happened('MemberRemoved', member, personOf(member), null);
    this.keepAnOwner(now);
    return true;
  }

  /**
   * Hands the ownership on: `to` becomes an owner, and the one whom the application names; whoever did it becomes
   * an admin. Further owners stay. Throws `member_limit_reached`.
   */
  transfer(to: Subject, by: Subject, now: Date): void {
    requirePermission(this.roleOf(by), 'manage-members');
    this.enrol(to, 'owner', now);
    if (!isSameSubject(to, by)) this.enrol(by, 'admin', now);
    this.application.handOver(to, now);
  }

  private roleOf(who: Subject): Role | null {
    return this.find(who)?.role ?? null;
  }

  private find(who: Subject): Member | undefined {
    return this.everybody.find((member) => isSameSubject(member, who));
  }

  private enrol(who: Subject, role: Role, now: Date): Member {
    const known = this.find(who);
    if (known !== undefined) {
      const before = known.role;
      known.take(role, now);
      if (before !== role)
        this.happened('MemberRoleChanged', known, personOf(known, before), personOf(known));
      return known;
    }
    if (this.everybody.length >= this.maxMembers) {
      throw new DomainError(
        'member_limit_reached',
        `The application has ${this.maxMembers} members, as many as it may: take one out first.`,
      );
    }
    const member = Member.join(uuidv7(), this.application.id, who, role, now);
    this.everybody.push(member);
    this.happened('MemberAdded', member, null, personOf(member));
    return member;
  }

  /** When the named owner is no owner any more, the one who has been a member for longest comes after them. */
  private keepAnOwner(now: Date): void {
    const owners = this.everybody.filter((member) => member.role === 'owner');
    const [first] = owners.sort((a, b) => (a.id < b.id ? -1 : 1));
    if (first === undefined) {
      throw new DomainError(
        'last_owner',
        'The application would be left without an owner: transfer it, or make somebody else an owner first.',
      );
    }
    if (!owners.some((owner) => this.application.isOwnedBy(owner))) this.application.handOver(first, now);
  }

  private happened(
    name: EventName,
    { id }: Member,
    before: EventFields | null,
    after: EventFields | null,
  ): void {
    const applicationId = this.application.id;
    this.record({ name, applicationId, target: { kind: 'member', id }, before, after });
  }
}

function personOf({ issuer, subject, role }: Member, as: Role = role): EventFields {
  return { issuer, subject, role: as };
}
