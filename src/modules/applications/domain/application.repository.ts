import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';
import type { Dated } from '../../freshness/index.js';
import type { Application } from './application.js';
import type { KeyPolicy } from './key-policy.js';
import type { Role } from './role.js';

/** An application as somebody in particular meets it. */
export interface ApplicationMembership {
  application: Application;
  /** Null for somebody who is not a member. */
  role: Role | null;
}

/** Where applications are kept. A deleted one is not found by anything here. */
export abstract class ApplicationRepository {
  /**
   * Throws `application_limit_reached` when the actor is an owner of `maxOwned` other applications already. Who is
   * about to own one takes turns with themselves until the transaction ends, so that no number of calls at once passes
   * it. To be called first.
   */
  abstract assertMayOwn(id: string, maxOwned: number, tx: Transaction): Promise<void>;

  /**
   * Throws `daily_application_limit_reached` when the actor has created `maxCreated` applications on the day (UTC) of
   * `now`, deleted ones among them: an application that is made anew would have new quotas. After `assertMayOwn`.
   */
  abstract assertMayCreate(maxCreated: number, now: Date, tx: Transaction): Promise<void>;

  /** Inserts the application with its owner as its first member. */
  abstract insert(application: Application, tx: Transaction): Promise<void>;

  /** Throws `OptimisticLockError` when somebody else changed or deleted it since it was read. */
  abstract update(application: Application, tx: Transaction): Promise<void>;

  abstract find(id: string, tx?: Transaction): Promise<Application | null>;

  /**
   * Whether there is certainly no such application, and none comes back whatever becomes of the server: found by a
   * transaction that has to be committed itself.
   */
  abstract isGone(id: string): Promise<boolean>;

  /** @param atLeast The number that the answer has to show: see `Freshness.read`, which every call goes through. */
  abstract findFor(id: string, who: Subject, atLeast: number): Promise<Dated<ApplicationMembership | null>>;

  /**
   * The role of the transaction's actor, which nobody takes away until it ends; null for who has no part in the
   * application, any more perhaps.
   */
  abstract lockRole(id: string, tx: Transaction): Promise<Role | null>;

  /**
   * The policy, which nobody changes until the transaction ends; null when there is no such application. To be asked
   * late in a transaction that changes keys: whoever changes the policy waits for it, and holds nothing that it needs.
   */
  abstract lockPolicy(id: string, tx: Transaction): Promise<KeyPolicy | null>;

  /**
   * Waits for everybody who has asked `lockPolicy`. What is asked later shows the change of this transaction, which has
   * been written before: they judge keys by that.
   */
  abstract awaitPolicyReaders(id: string, tx: Transaction): Promise<void>;

  /** Up to `limit + 1` of the applications somebody is a member of, newest first. `atLeast` as with `findFor`. */
  abstract listOf(member: Subject, page: PageRequest, atLeast: number): Promise<Dated<Application[]>>;

  /**
   * Deletes the application; its members and offers stay until `removeMembers`. Returns false, and changes nothing, when it was
   * deleted already, which is as certain then as with `isGone`.
   */
  abstract delete(application: Application, now: Date, tx: Transaction): Promise<boolean>;

  /** Lets everybody go, and withdraws what was offered. To be called last: whoever is about to change something of the application is waited for. */
  abstract removeMembers(id: string, tx: Transaction): Promise<void>;
}
