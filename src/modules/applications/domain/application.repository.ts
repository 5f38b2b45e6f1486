import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';
import type { Application } from './application.js';

/** Where applications are kept. A deleted one is not found by anything here. */
export abstract class ApplicationRepository {
  abstract insert(application: Application): Promise<void>;

  /** Answers false, and changes nothing, when somebody else changed or deleted it since it was read. */
  abstract update(application: Application): Promise<boolean>;

  abstract find(id: string): Promise<Application | null>;

  /** Up to `limit + 1` of the owner's applications, newest first. */
  abstract listOwnedBy(owner: Subject, page: PageRequest): Promise<Application[]>;

  /**
   * Deletes the application and does `alongside` in the same transaction. Answers false, and does nothing,
   * when it was deleted already.
   */
  abstract delete(id: string, now: Date, alongside: (tx: Transaction) => Promise<void>): Promise<boolean>;
}
