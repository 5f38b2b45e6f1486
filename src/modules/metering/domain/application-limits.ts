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
