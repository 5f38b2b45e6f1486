import type { PageRequest } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Offer } from './offer.js';

/** An offer as its receiver has to see it, who may not look at the application yet. */
export interface ListedOffer {
  readonly id: string;
  readonly offer: Offer;
  readonly applicationName: string;
}

/** Where open offers are looked up; `MemberRepository.change` writes them. Those of a deleted application are gone. */
export abstract class OfferRepository {
  /** Up to `limit + 1` of those that are open at `now`, to somebody or of an application, newest first. */
  abstract list(
    of: { to: Subject } | { applicationId: string },
    page: PageRequest,
    now: Date,
  ): Promise<ListedOffer[]>;

  /** One that nobody has answered, open or run out. */
  abstract find(id: string, tx: Transaction): Promise<Offer | null>;

  /** Deletes up to `limit` of those that have run out by `now`, and says how many. */
  abstract purgeExpired(now: Date, limit: number, tx: Transaction): Promise<number>;
}
