import type { Committed } from '../../../shared/committed.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';
import type { Application } from './application.js';
import type { Role } from './role.js';

/** An application as somebody in particular meets it. */
export interface ApplicationAccess {
  application: Application;
  /** Null for somebody who has no part in it. */
  role: Role | null;
}

/** Where applications are kept. A deleted one is not found by anything here. */
export abstract class ApplicationRepository {
  /** Inserts the application with its owner as its first member. */
  abstract insert(application: Application): Promise<void>;

  /** Answers false, and changes nothing, when somebody else changed or deleted it since it was read. */
  abstract update(application: Application): Promise<boolean>;

  abstract find(id: string): Promise<Application | null>;

  /**
   * Whether there is certainly no such application, and none comes back whatever becomes of the server: found by a
   * transaction that has to be committed itself.
   */
  abstract isGone(id: string): Promise<boolean>;

  abstract findFor(id: string, who: Subject): Promise<ApplicationAccess | null>;

  /** Up to `limit + 1` of the applications somebody is a member of, newest first. */
  abstract listOf(member: Subject, page: PageRequest): Promise<Application[]>;

  /**
   * Deletes the application, lets its members go, and does `alongside` in the same transaction. Answers false, and changes nothing,
   * when it was deleted already, which is as certain then as with `isGone`.
   */
  abstract delete(
    id: string,
    now: Date,
    alongside: (tx: Transaction) => Promise<void>,
  ): Promise<Committed<boolean>>;
}
