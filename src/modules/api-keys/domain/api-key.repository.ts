import type { ChangeProof, Committed } from '../../../shared/committed.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';
import type { ApiKey } from './api-key.js';
import type { KeyStatus } from '../../../shared/key-status.js';

export interface ApiKeyQuery {
  applicationId: string;
  status?: KeyStatus;
  externalId?: string;
  tag?: string;
  /** Leaves the revoked ones out. */
  notRevoked?: boolean;
}

/** What another module writes in the transaction that changes a key. */
export type Alongside = (tx: Transaction) => Promise<void>;

export interface UpdateOptions {
  /** Is done at the beginning of the same transaction, and taken back with it. */
  first?: Alongside | undefined;
  /** Active keys that the application may have. */
  maxActive?: number | undefined;
}

/** Where keys are kept. Whether the application of a key still is there, its caller knows. */
export abstract class ApiKeyRepository {
  /**
   * Inserts the key with its secret and its credits in one transaction: after a crash there is either no key or one
   * that works. Then looks for it once more, as others do, and throws `service_unavailable` if it is not there.
   * Throws `application_not_found` when the application was deleted meanwhile and `api_key_limit_reached` when it
   * has `maxActive` active keys; both hold however many are issued at once. Does `first` at the beginning of the
   * same transaction.
   */
  abstract insert(key: ApiKey, maxActive: number, first?: Alongside): Promise<void>;

  /**
   * Inserts the keys that none of their possible `hashes` says are here already, in one transaction, and answers the
   * ids of those. Throws as `insert` does, and inserts none then.
   */
  abstract import(
    applicationId: string,
    candidates: readonly { key: ApiKey; hashes: readonly Buffer[] }[],
    maxActive: number,
    now: Date,
  ): Promise<Committed<Set<string>>>;

  /** Whether a secret of one of these hashes is there, and stays whatever becomes of the database. */
  abstract holdsSecret(hashes: readonly Buffer[]): Promise<boolean>;

  /** Whether the secret, or all of its key, has been ended, and stays so whatever becomes of the database. */
  abstract hasEndedSecret(secretId: string): Promise<boolean>;

  /** The key with the secrets that work, and the one that is named, which may have ended. */
  abstract find(id: string, secretId?: string): Promise<ApiKey | null>;

  /** Those of the ids that there are, in no order; with the secrets that work, as in a list. */
  abstract findAll(ids: readonly string[]): Promise<ApiKey[]>;

  /** Up to `limit + 1` keys, newest first. */
  abstract list(query: ApiKeyQuery, page: PageRequest, now: Date): Promise<ApiKey[]>;

  /**
   * Writes the key, when its secrets end, and new secrets, in one transaction. Answers null, and changes nothing, when
   * somebody else changed or revoked the key since it was read. Throws `api_key_limit_reached` when the key would be
   * one active key more than `maxActive`; without it, the change makes no key active.
   */
  abstract update(key: ApiKey, options?: UpdateOptions): Promise<ChangeProof | null>;

  /** Revokes for good. A key that is revoked already stays as it is, whatever becomes of the database. */
  abstract revoke(id: string, by: Subject, now: Date): Promise<ChangeProof | null>;

  /** The same for many, in one statement. Answers the ids of those that it revoked. */
  abstract revokeAll(ids: readonly string[], by: Subject, now: Date): Promise<Committed<string[]>>;

  /**
   * Revokes what is left of an application's keys, in the transaction that deletes it. Of a great many it marks the
   * first ones; the others follow, and verification takes them for revoked already.
   */
  abstract revokeAllOf(applicationId: string, by: Subject, now: Date, tx: Transaction): Promise<void>;
}
