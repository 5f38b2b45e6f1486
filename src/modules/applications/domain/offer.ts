import { uuidv7 } from 'uuidv7';
import { DomainError } from '../../../shared/domain-error.js';
import { MS_PER_DAY } from '../../../shared/durations.js';
import { isSameSubject, type Subject } from '../../../shared/subject.js';
import type { Role } from './role.js';

const DAYS_OPEN = 7;

export const OFFER_KINDS = ['membership', 'transfer'] as const;
/** A `membership` gives a role; a `transfer` makes its receiver the owner whom the application names, too. */
export type OfferKind = (typeof OFFER_KINDS)[number];

/** What somebody would have by accepting. */
export interface OfferTerms {
  readonly kind: OfferKind;
  /** Of a transfer always `owner`. */
  readonly role: Role;
  readonly to: Subject;
}

/** What an owner offers somebody, and what nobody has by it until they accept. It is there while nobody has answered. */
export class Offer {
  private constructor(
    readonly id: string,
    readonly applicationId: string,
    readonly kind: OfferKind,
    readonly role: Role,
    /** Whom it is made to. */
    readonly issuer: string,
    readonly subject: string,
    /** Who makes it. */
    readonly createdByIssuer: string,
    readonly createdBySubject: string,
    readonly createdAt: Date,
    readonly expiresAt: Date,
  ) {}

  static make(applicationId: string, { kind, role, to }: OfferTerms, by: Subject, now: Date): Offer {
    const expiresAt = new Date(now.getTime() + DAYS_OPEN * MS_PER_DAY);
    return new Offer(
      uuidv7(),
      applicationId,
      kind,
      role,
      to.issuer,
      to.subject,
      by.issuer,
      by.subject,
      now,
      expiresAt,
    );
  }

  get maker(): Subject {
    return { issuer: this.createdByIssuer, subject: this.createdBySubject };
  }

  isTo(who: Subject): boolean {
    return isSameSubject(this, who);
  }

  isOpen(now: Date): boolean {
    return now < this.expiresAt;
  }

  /** Whether making this offer once more would change nothing. */
  repeats({ kind, role }: OfferTerms, by: Subject): boolean {
    return this.kind === kind && this.role === role && isSameSubject(this.maker, by);
  }
}

/** The same for an offer to somebody else: who was made none learns nothing. */
export function offerNotFound(): DomainError {
  return new DomainError(
    'offer_not_found',
    'No such offer is open: it was answered or withdrawn, or is older than seven days. List those to you with GET ' +
      '/applications/offers, and those of an application with GET /applications/{id}/offers.',
  );
}
