import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';

/** Who wants to be mailed of the keys of an application. */
export abstract class MailSubscriptions {
  /** Shows every change that was answered before. */
  abstract has(applicationId: string, userId: string, atLeast: number): Promise<Dated<boolean>>;
  /** Returns whether that was otherwise before. */
  abstract set(applicationId: string, userId: string, isWanted: boolean, tx: Transaction): Promise<boolean>;
}
