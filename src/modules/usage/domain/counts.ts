import type { VerdictCode } from '../../verification/index.js';

/** Verifications by their verdict. */
export type Counts = Record<VerdictCode, number>;

export function noCounts(): Counts {
  return {
    VALID: 0,
    NOT_FOUND: 0,
    REVOKED: 0,
    DISABLED: 0,
    EXPIRED: 0,
    FORBIDDEN: 0,
    INSUFFICIENT_PERMISSIONS: 0,
    RATE_LIMITED: 0,
    USAGE_EXCEEDED: 0,
  };
}
