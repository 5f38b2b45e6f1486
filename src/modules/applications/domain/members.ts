import { uuidv7 } from 'uuidv7';
import { DomainError } from '../../../shared/domain-error.js';
import { Aggregate, type EventFields, type EventName } from '../../../shared/domain-event.js';
import { isSameSubject, type Subject } from '../../../shared/subject.js';
import type { Application } from './application.js';
import { Member } from './member.js';
import { Offer, offerNotFound, type OfferTerms } from './offer.js';
import { requirePermission, rolesWithPermission, type Role } from './role.js';

type OfferEvent = 'OfferMade' | 'OfferAccepted' | 'OfferDeclined' | 'OfferWithdrawn';

/**
 * An application together with everybody who has a part in it, or is offered one. There always is an owner, and the
 * one whom the application names as its owner is one. That holds only while no two of these are changed at once: a
 * repository hands one out under a lock.
 *
 * Nobody becomes a member, or an owner, who has not accepted it.
 *
 * Whether the caller may do it is judged here once more: since a guard looked, they may have lost their role.
 */
export class Members extends Aggregate {
  private everybody: Member[];
  private unanswered: Offer[];

  /** @param offers those that nobody has answered, open or run out; at most one to each person */
  constructor(
    readonly application: Application,
    members: readonly Member[],
    offers: readonly Offer[],
    private readonly maxMembers: number,
  ) {
    super();
    this.everybody = [...members];
    this.unanswered = [...offers];
  }

  get all(): readonly Member[] {
    return this.everybody;
  }

  get offers(): readonly Offer[] {
    return this.unanswered;
  }

  /**
   * Gives a member another role. Who is no member, or would become an owner, is made an offer instead. What was
   * offered to them before is withdrawn. Throws `last_owner`, `member_limit_reached`.
   */
  assign(who: Subject, role: Role, by: Subject, now: Date): Member | Offer {
    requirePermission(this.roleOf(by), 'manage-members');
    const member = this.find(who);
    if (member === undefined || (role === 'owner' && member.role !== 'owner')) {
      return this.offer({ kind: 'membership', role, to: who }, by, now);
    }
    this.giveRole(member, role, now);
    this.withdrawOffers(now, (offer) => offer.isTo(who));
    this.keepAnOwner(now);
    return member;
  }

  /**
   * Everybody may leave; taking out others is for those who manage them. What they were offered is withdrawn. Returns
   * whether they were a member, or were to become one. Throws `last_owner`.
   *
   * @param revokesKeys whether the keys that they made are to be revoked then, which takes more than leaving
   */
  remove(who: Subject, by: Subject, now: Date, revokesKeys = false): boolean {
    const role = this.roleOf(by);
    if (!isSameSubject(who, by)) requirePermission(role, 'manage-members');
    else requirePermission(role, revokesKeys ? 'manage-keys' : 'read');
    const hadOffer = this.withdrawOffers(now, (offer) => offer.isTo(who));
    const member = this.find(who);
    if (member === undefined) return hadOffer;
    this.everybody.splice(this.everybody.indexOf(member), 1);
    this.happened('MemberRemoved', member, personOf(member), null);
    this.keepAnOwner(now);
    return true;
  }

  /**
   * Offers somebody to hand the ownership on to them: who accepts becomes an owner, and the one whom the application
   * names; whoever made the offer becomes an admin. Further owners stay. Throws `member_limit_reached`.
   */
  transfer(to: Subject, by: Subject, now: Date): Offer {
    requirePermission(this.roleOf(by), 'manage-members');
    if (isSameSubject(to, by)) {
      const message = 'is you: name whom the application is to be handed on to';
      throw new DomainError('validation_failed', `subject ${message}.`, {
        errors: [{ field: 'subject', message }],
      });
    }
    return this.offer({ kind: 'transfer', role: 'owner', to }, by, now);
  }

  /** Throws `offer_not_found`, `member_limit_reached`. */
  accept(id: string, who: Subject, now: Date): void {
    const offer = this.open(id, now);
    // A node of an older version, which takes a maker out, knows of no offers.
    if (!offer.isTo(who) || !this.mayMakeOffers(offer.maker)) throw offerNotFound();
    this.close(offer, 'OfferAccepted');
    this.enrol(who, offer.role, now);
    if (offer.kind === 'transfer') {
      this.enrol(offer.maker, 'admin', now);
      this.application.handOver(who, now);
    }
    this.keepAnOwner(now);
  }

  /** Throws `offer_not_found`. */
  decline(id: string, who: Subject, now: Date): void {
    const offer = this.open(id, now);
    if (!offer.isTo(who)) throw offerNotFound();
    this.close(offer, 'OfferDeclined');
  }

  /** Takes an offer back, whichever owner has made it. Throws `offer_not_found`. */
  withdraw(id: string, by: Subject, now: Date): void {
    requirePermission(this.roleOf(by), 'manage-members');
    this.close(this.open(id, now), 'OfferWithdrawn');
  }

  private roleOf(who: Subject): Role | null {
    return this.find(who)?.role ?? null;
  }

  private find(who: Subject): Member | undefined {
    return this.everybody.find((member) => isSameSubject(member, who));
  }

  private mayMakeOffers(who: Subject): boolean {
    const role = this.roleOf(who);
    return role !== null && rolesWithPermission('manage-members').includes(role);
  }

  private offer(terms: OfferTerms, by: Subject, now: Date): Offer {
    const former = this.unanswered.find((offer) => offer.isTo(terms.to));
    if (former?.isOpen(now) === true && former.repeats(terms, by)) return former;
    this.withdrawOffers(now, (offer) => offer === former);
    if (this.find(terms.to) === undefined) this.requireRoom(this.invited(now));
    const offer = Offer.make(this.application.id, terms, by, now);
    this.unanswered.push(offer);
    this.offerHappened('OfferMade', offer);
    return offer;
  }

  private open(id: string, now: Date): Offer {
    const offer = this.unanswered.find((one) => one.id === id);
    if (offer?.isOpen(now) !== true) throw offerNotFound();
    return offer;
  }

  /** How many more members there would be if everybody accepted. */
  private invited(now: Date): number {
    return this.unanswered.filter((offer) => offer.isOpen(now) && this.find(offer) === undefined).length;
  }

  private enrol(who: Subject, role: Role, now: Date): void {
    const known = this.find(who);
    if (known !== undefined) {
      this.giveRole(known, role, now);
      return;
    }
    this.requireRoom(0);
    const member = Member.join(uuidv7(), this.application.id, who, role, now);
    this.everybody.push(member);
    this.happened('MemberAdded', member, null, personOf(member));
  }

  private giveRole(member: Member, role: Role, now: Date): void {
    const before = member.role;
    if (before === role) return;
    member.take(role, now);
    this.happened('MemberRoleChanged', member, personOf(member, before), personOf(member));
  }

  /** @param invited places that are promised */
  private requireRoom(invited: number): void {
    if (this.everybody.length + invited < this.maxMembers) return;
    throw new DomainError(
      'member_limit_reached',
      `The application has ${this.maxMembers} members, as many as it may, open offers among them: take one out first.`,
    );
  }

  /**
   * When the named owner is no owner any more, the one who has been a member for longest comes after them. What
   * somebody offered who may do so no longer is withdrawn.
   */
  private keepAnOwner(now: Date): void {
    const owners = this.everybody.filter((member) => member.role === 'owner');
    const [first] = owners.sort((a, b) => (a.id < b.id ? -1 : 1));
    if (first === undefined) {
      throw new DomainError(
        'last_owner',
        'The application would be left without an owner: first offer it to somebody, who has to accept.',
      );
    }
    if (!owners.some((owner) => this.application.isOwnedBy(owner))) this.application.handOver(first, now);
    this.withdrawOffers(now, (offer) => !this.mayMakeOffers(offer.maker));
  }

  /** Returns whether any of them was open. */
  private withdrawOffers(now: Date, which: (offer: Offer) => boolean): boolean {
    let wasOpen = false;
    for (const offer of this.unanswered.filter(which)) {
      wasOpen ||= offer.isOpen(now);
      this.close(offer, offer.isOpen(now) ? 'OfferWithdrawn' : null);
    }
    return wasOpen;
  }

  /** @param event null for one that had run out, of which there is nothing to tell */
  private close(offer: Offer, event: Exclude<OfferEvent, 'OfferMade'> | null): void {
    this.unanswered = this.unanswered.filter((other) => other !== offer);
    if (event !== null) this.offerHappened(event, offer);
  }

  private offerHappened(name: OfferEvent, offer: Offer): void {
    const { id, kind, issuer, subject, role } = offer;
    const applicationId = this.application.id;
    const fields = { kind, issuer, subject, role };
    const [before, after] = name === 'OfferMade' ? [null, fields] : [fields, null];
    this.record({ name, applicationId, target: { kind: 'offer', id }, before, after });
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
