import type { Transaction } from '../../../shared/transaction.js';
import type { CreditChanges, Credits } from './credits.js';
import type { RateLimit } from './rate-limit.js';

/** What all keys of an application share. */
export interface ApplicationLimits {
  readonly rateLimits: readonly RateLimit[];
  readonly credits: Credits | null;
}

export interface ApplicationLimitsChanges {
  rateLimits?: RateLimit[];
  credits?: CreditChanges | null;
}

/** Where they are kept. Whether the application is there, its caller knows. */
export abstract class ApplicationLimitsRepository {
  abstract find(applicationId: string): Promise<ApplicationLimits>;

  /** What is left out stays. Throws `no_credits` for a change of credits that are not there. */
  abstract change(applicationId: string, changes: ApplicationLimitsChanges, tx: Transaction): Promise<void>;
}
