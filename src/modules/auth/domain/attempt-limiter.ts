import type { Subject } from '../../../shared/subject.js';
import type { Party } from '../../../shared/concurrency/fair-semaphore.js';

export type LimitedCall =
  'register' | 'login' | 'refresh' | 'logout' | 'self' | 'reset' | 'mail' | 'verify' | 'leak';

/** Sign-ins that are refused until a window ends: further ones of one address, or to one account. */
export interface RefusedSignIns {
  readonly address: string;
  /** The email that was tried; null where the address has called too often, whatever it tried. */
  readonly account: string | null;
  /** How many were let through in the window. */
  readonly limit: number;
  readonly windowSeconds: number;
}

/**
 * Bounds how often one address calls, and how often an account is tried. Throws `too_many_requests`.
 *
 * Nobody can lock somebody else out for good: an address from which an account was signed in to has a budget of
 * its own for it, every window ends by itself however often it is knocked at meanwhile, and logins that are
 * still going on are refreshed regardless of failed ones.
 */
export abstract class AttemptLimiter {
  abstract countCall(call: LimitedCall, address: string): void;
  /** Counts a call of somebody who is known by an access token. */
  abstract countManagementCall(principal: Subject): void;
  /** Counts before the outcome is known, so that attempts at the same time count as well. */
  abstract countAttempt(call: LimitedCall, account: string, address: string): void;
  /** Takes an attempt back that turned out to be the account's owner. */
  abstract forgive(call: LimitedCall, account: string, address: string): void;
  /** Whose turn a call is that works on an account's password: its network's, and whether that has signed in to it. */
  abstract partyOf(account: string, address: string): Party;
  /** From now on the address has a budget of its own for logging in to the account. */
  abstract recognize(account: string, address: string): void;
  /** Has somebody told when sign-ins begin to be refused: once for each window. */
  abstract onRefusedSignIns(listener: (refused: RefusedSignIns) => void): void;
}
