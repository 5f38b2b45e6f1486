import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import type { RefreshToken, RefreshTokenFamily, RotationVerdict, Session } from './refresh-token-family.js';

/** Which of somebody's logins: one of them, or all but one, or with `except: null` all, or the oldest beyond so many. */
export type WhichSessions =
  { readonly only: string } | { readonly except: string | null } | { readonly beyond: number };

/**
 * Where logins are kept, each as long as it is valid. Whoever ends one awaits `Freshness.waitForPropagation` before
 * they answer: then no node accepts its access tokens any more.
 */
export abstract class RefreshTokenFamilyRepository {
  /** Adds a family with its first token. */
  abstract start(family: RefreshTokenFamily, first: RefreshToken, tx: Transaction): Promise<void>;

  /** The family a token belongs to, current or spent. That there is none is certain. */
  abstract findByTokenHash(hash: Buffer): Promise<RefreshTokenFamily | undefined>;

  /**
   * Whether there is such a family. That there is none is certain.
   *
   * @param atLeast The number that the answer has to show: see `Freshness.read`, which every call goes through.
   */
  abstract exists(id: string, atLeast: number): Promise<Dated<boolean>>;

  /** Up to `limit + 1` of somebody's families that have not run out, newest first. `atLeast` as with `exists`. */
  abstract listOf(userId: string, page: PageRequest, now: Date, atLeast: number): Promise<Dated<Session[]>>;

  /**
   * Spends the token of that hash and adds the next one, or ends the family, as `judgeRotation` says; atomically, so
   * that of two exchanges of one token exactly one succeeds. Undefined when the token is gone with its family.
   */
  abstract rotate(hash: Buffer, next: RefreshToken, tx: Transaction): Promise<RotationVerdict | undefined>;

  /** Ends the family; nothing happens when it has ended before, which is as certain then as with `exists`. */
  abstract end(family: RefreshTokenFamily, tx: Transaction): Promise<void>;

  /** The ids of somebody's families, which nobody else ends before the transaction does. */
  abstract lockAllOf(userId: string, tx: Transaction): Promise<string[]>;

  /** Ends somebody's families, and returns how many there were. */
  abstract endOf(userId: string, which: WhichSessions, tx: Transaction): Promise<number>;

  /** Deletes at most `limit` expired families and returns how many there were. */
  abstract purgeExpired(now: Date, limit: number, tx: Transaction): Promise<number>;
}
