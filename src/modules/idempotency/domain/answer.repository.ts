import type { Transaction } from '../../../shared/transaction.js';
import type { SealedAnswer } from './answer-seal.js';

/** Where answers are kept for 24 hours, by the database's clock. One that has run out is not there. */
export abstract class AnswerRepository {
  abstract find(id: Buffer): Promise<SealedAnswer | null>;

  /**
   * Keeps an answer if the transaction is committed. Returns false when there is one of this id. While another
   * transaction is about to keep one, this waits to see what becomes of it, but not for long: throws
   * `idempotency_in_progress`.
   */
  abstract keep(answer: SealedAnswer, tx: Transaction): Promise<boolean>;

  /** Deletes up to `limit` answers that have run out, and says how many. */
  abstract purgeExpired(limit: number, tx: Transaction): Promise<number>;
}
