import type { Transaction } from '../../../shared/transaction.js';
import type { OneTimeToken, TokenPurpose } from './one-time-token.js';

export abstract class OneTimeTokenRepository {
  /** An invitation takes the place of the one that its email had before. */
  abstract add(token: OneTimeToken, tx: Transaction): Promise<void>;

  /** Whether or not it has expired. */
  abstract find(hash: Buffer, purpose: TokenPurpose): Promise<OneTimeToken | undefined>;

  /** Throws `invalid_one_time_token` when it was spent before: of two who use one at once, one succeeds. */
  abstract spend(token: OneTimeToken, tx: Transaction): Promise<void>;

  /** Spends all of somebody's for one purpose. */
  abstract spendAllOf(userId: string, purpose: TokenPurpose, tx: Transaction): Promise<void>;

  /** Deletes at most `limit` expired ones and returns how many there were. */
  abstract purgeExpired(now: Date, limit: number, tx: Transaction): Promise<number>;
}
