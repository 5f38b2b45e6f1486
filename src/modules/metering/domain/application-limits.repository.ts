import type { Transaction } from '../../../shared/transaction.js';
import type { ApplicationLimits, ApplicationLimitsChanges } from './application-limits.js';

/** Stores the limits that all keys of an application share. The caller has made sure that the application exists. */
export abstract class ApplicationLimitsRepository {
  abstract find(applicationId: string): Promise<ApplicationLimits>;

  /** A field that is left out keeps its value. Throws `no_credits` for a change of credits that the application does not have. */
  abstract change(applicationId: string, changes: ApplicationLimitsChanges, tx: Transaction): Promise<void>;
}
