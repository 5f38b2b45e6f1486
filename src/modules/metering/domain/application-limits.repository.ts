import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import type { ApplicationLimits, ApplicationLimitsChanges } from './application-limits.js';

/** Stores the limits that all keys of an application share. The caller has made sure that the application exists. */
export abstract class ApplicationLimitsRepository {
  /** @param atLeast the change that it has to show: see `Freshness.read` */
  abstract find(applicationId: string, atLeast: number): Promise<Dated<ApplicationLimits>>;

  /** As they are in the transaction that has changed them. */
  abstract reread(applicationId: string, tx: Transaction): Promise<ApplicationLimits>;

  /** A field that is left out keeps its value. Throws `no_credits` for a change of credits that the application does not have. */
  abstract change(applicationId: string, changes: ApplicationLimitsChanges, tx: Transaction): Promise<void>;
}
