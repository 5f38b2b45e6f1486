import type { Actor } from '../../../shared/actor.js';
import type { PageRequest } from '../../../shared/page.js';
import type { ServiceScope } from '../../../shared/scopes.js';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import type { ApiKey } from './api-key.js';
import type { ApiKeyLimits } from './api-key-limits.js';
import type { KeyStatus } from '../../../shared/key-status.js';

export interface ApiKeyQuery {
  /** Null for the platform. */
  applicationId: string | null;
  /** Lists its service keys, and nothing else; without it, its other keys. */
  forServices?: boolean;
  status?: KeyStatus;
  externalId?: string;
  tag?: string;
  /** Leaves the revoked ones out. */
  notRevoked?: boolean;
}

/** Keys of an application that are handed out. */
export type OutlineQuery = Omit<ApiKeyQuery, 'forServices'> & { readonly applicationId: string };

/** Of a key that is handed out, what is told without all that people have written into it, which may be very large. */
export interface KeyOutline {
  readonly id: string;
  readonly applicationId: string;
  readonly revokedAt: Date | null;
}

/**
 * Where keys are kept. What is read for a caller is dated: `atLeast` is the number that it has to show, see
 * `Freshness.read`, which every such call goes through.
 * Whether the application of a key still is there, and whether the actor may change it, its caller knows.
 */
export abstract class ApiKeyRepository {
  /**
   * Inserts a key without credits in one statement, which it shares with keys that are issued at the same time, and in
   * which its events are written. Returns false, and does nothing, when that cannot be done without waiting for
   * somebody: the keys of the application have to be counted, say, or the actor has no role any more that permits it.
   *
   * @param policy what the application is known to demand of its keys, by which the caller has judged the key; when it is
   * another one by now, nothing is done either
   */
  abstract insertBatched(
    key: ApiKey,
    limits: ApiKeyLimits,
    actor: Actor,
    policy?: object | null,
  ): Promise<boolean>;

  /**
   * Inserts the key with its secret. Throws `application_not_found` when the application was deleted meanwhile,
   * and `api_key_limit_reached` or `daily_key_limit_reached` when it has as many keys as it may; all hold however many
   * are issued at once.
   */
  abstract insert(key: ApiKey, limits: ApiKeyLimits, tx: Transaction): Promise<void>;

  /** Whether the secrets of the key are committed: others see them. */
  abstract isStored(key: ApiKey): Promise<boolean>;

  /**
   * Inserts the keys that none of their possible `hashes` says the application has already, and returns the ids of those. Throws
   * as `insert` does.
   */
  abstract import(
    applicationId: string,
    candidates: readonly { key: ApiKey; hashes: readonly Buffer[] }[],
    limits: ApiKeyLimits,
    now: Date,
    tx: Transaction,
  ): Promise<Set<string>>;

  /** Whether a secret of one of these hashes is there, and stays whatever becomes of the database. */
  abstract holdsSecret(hashes: readonly Buffer[]): Promise<boolean>;

  /** Whether the secret, or all of its key, has been ended, and stays so whatever becomes of the database. */
  abstract hasEndedSecret(secretId: string): Promise<boolean>;

  /**
   * Whether the actor of the transaction is a service key of the application that is good and has the scope; if so it
   * remains that until the transaction ends. `busy` when somebody is changing it at this moment, for whom it would not
   * do to wait: they may be waiting for what the transaction has changed.
   */
  abstract lockActingServiceKey(
    applicationId: string,
    scope: ServiceScope,
    tx: Transaction,
  ): Promise<'good' | 'busy' | 'ended'>;

  /**
   * Whether the actor of the transaction holds a secret of the key that works, of whatever state the key itself; until
   * the transaction ends nobody rotates the key. What is found ended stays so whatever becomes of the database.
   */
  abstract lockHolder(id: string, tx: Transaction): Promise<boolean>;

  /** The key with the secrets that work, and the one that is named, which may have ended. */
  abstract find(id: string, atLeast: number, secretId?: string): Promise<Dated<ApiKey | null>>;

  /** The key as the transaction has written it, with the secrets that work. */
  abstract reread(id: string, tx: Transaction): Promise<ApiKey>;

  /** Those of the ids that there are, in no order, without service keys. */
  abstract findOutlines(ids: readonly string[], atLeast: number): Promise<Dated<KeyOutline[]>>;

  /** Up to `limit + 1` keys, newest first. */
  abstract list(query: ApiKeyQuery, page: PageRequest, now: Date, atLeast: number): Promise<Dated<ApiKey[]>>;

  /** Up to `limit` of the keys that it would list, newest first. */
  abstract listOutlines(
    query: OutlineQuery,
    limit: number,
    now: Date,
    atLeast: number,
  ): Promise<Dated<KeyOutline[]>>;

  /**
   * Writes the key, when its secrets end, and new secrets. Throws `OptimisticLockError` when somebody else changed or
   * revoked the key since it was read, and `api_key_limit_reached` when the key would be one active key more than
   * `maxActive`; without it, the change makes no key active.
   */
  abstract update(key: ApiKey, maxActive: number | undefined, tx: Transaction): Promise<void>;

  /**
   * Revokes for good, in the name of the actor, and returns the ids of those that it revoked. A key that is revoked
   * already stays as it is, whatever becomes of the database.
   */
  abstract revokeAll(ids: readonly string[], now: Date, tx: Transaction): Promise<string[]>;

  /**
   * Revokes, in the name of the actor, up to `limit` keys that somebody made in an application, and says how many. That
   * there are no others stays so, whatever becomes of the database.
   */
  abstract revokeSomeMadeBy(
    who: Subject,
    applicationId: string,
    limit: number,
    now: Date,
    tx: Transaction,
  ): Promise<number>;

  /**
   * Revokes what is left of an application's keys, in the transaction that deletes it. Of a great many it marks the
   * first ones; the others follow, and verification takes them for revoked already.
   */
  abstract revokeAllOf(applicationId: string, now: Date, tx: Transaction): Promise<void>;
}
