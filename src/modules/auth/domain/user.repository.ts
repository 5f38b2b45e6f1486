import type { Transaction } from '../../../shared/transaction.js';
import type { PasswordHash } from './password-hasher.js';
import type { User } from './user.js';

export abstract class UserRepository {
  /** The highest cost of the password hashes that are kept; undefined when there are none. */
  abstract highestHashCost(): Promise<number | undefined>;
  /** Throws `email_taken`, also when two register at once. */
  abstract add(user: User, tx: Transaction): Promise<void>;
  abstract find(id: string): Promise<User | undefined>;
  /** Those of these ids who are there, in any order. */
  abstract findAll(ids: readonly string[]): Promise<User[]>;
  abstract findByEmail(normalizedEmail: string): Promise<User | undefined>;
  /** Deletes the account, with its logins; nothing happens when somebody else has. */
  abstract delete(user: User, tx: Transaction): Promise<void>;
  /** The same as `find`, and nobody else changes them, or logs them in, before the transaction ends. */
  abstract lock(id: string, tx: Transaction): Promise<User | undefined>;
  /** The same before the account is deleted: it waits for all who `keep` it, too. */
  abstract lockForDeletion(id: string, tx: Transaction): Promise<User | undefined>;
  /** Whether the account is there, and then nobody deletes it before the transaction ends. Others may keep it, too. */
  abstract keep(id: string, tx: Transaction): Promise<boolean>;
  /** Writes what may change of somebody who is locked. */
  abstract update(user: User, tx: Transaction): Promise<void>;
  /** Puts a hash of the same password, made as today's are, in the place of the old one if that is still there. */
  abstract replacePasswordHash(user: User, hash: PasswordHash, tx: Transaction): Promise<void>;
}
