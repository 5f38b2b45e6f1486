import type { PageRequest } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Member } from './member.js';
import type { Members } from './members.js';

/** Where it is kept who has a part in which application. A deleted application has no members and no offers. */
export abstract class MemberRepository {
  /** Up to `limit + 1` of an application's members, the newest first. */
  abstract list(applicationId: string, page: PageRequest): Promise<Member[]>;

  /** The ids of all applications somebody is a member of, in their order. */
  abstract applicationsOf(person: Subject, tx: Transaction): Promise<string[]>;

  /**
   * Locks the application, hands it out with all its members and offers, and writes what `change` has changed. Throws
   * `application_not_found`.
   */
  abstract change<T>(applicationId: string, change: (members: Members) => T, tx: Transaction): Promise<T>;
}
