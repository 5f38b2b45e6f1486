import type { Transaction } from '../../../shared/transaction.js';
import type { RefreshToken, RefreshTokenFamily, RotationVerdict } from './refresh-token-family.js';

export abstract class RefreshTokenFamilyRepository {
  /** Adds a family with its first token. */
  abstract start(family: RefreshTokenFamily, first: RefreshToken, tx: Transaction): Promise<void>;

  /** The family a token belongs to, current or spent. */
  abstract findByTokenHash(hash: Buffer): Promise<RefreshTokenFamily | undefined>;

  /**
   * Spends the token and adds the next one, or ends the family, as `judgeRotation` says; atomically, so that of
   * two exchanges of one token exactly one succeeds. Undefined when the token is gone with its family.
   */
  abstract rotate(
    hash: Buffer,
    nextHash: Buffer,
    now: Date,
    tx: Transaction,
  ): Promise<RotationVerdict | undefined>;

  /** Ends the family; nothing happens when it has ended before. */
  abstract end(family: RefreshTokenFamily, tx: Transaction): Promise<void>;

  /** Deletes at most `limit` expired families and returns how many there were. */
  abstract purgeExpired(now: Date, limit: number, tx: Transaction): Promise<number>;
}
