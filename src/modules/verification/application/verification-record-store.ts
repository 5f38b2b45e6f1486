import type { PlaintextKey } from '../../api-keys/index.js';
import type { Dated } from '../../freshness/index.js';
import type { VerificationRecord } from '../domain/verification.js';

/** A key without a tag of ours: imported, older than tags, or issued under a pepper that has been dropped. */
export interface UntaggedLookUp {
  key: PlaintextKey;
  /** Whose it is to be, if it was imported; null where none is named. */
  applicationId: string | null;
}

/** What keys there are that carry no tag of ours. */
export interface KeysWithoutTag {
  /** Some that were issued here. */
  issuedHere: boolean;
  /** The applications that have imported keys. */
  importers: ReadonlySet<string> | 'too many';
}

/**
 * Loads the records that verdicts are made of. The implementation reads them from the database. `asOf` is the number of
 * the last change that a query has seen. Connections to a database that has seen less than `atLeast` are closed. Throws
 * when the database is out of reach.
 */
export abstract class VerificationRecordStore {
  /**
   * Returns the record of each key that has a tag of ours in the order of the keys, and null for an unknown key. One query
   * loads them; it begins after the call, and may serve other calls too.
   */
  abstract load(
    keys: readonly PlaintextKey[],
    atLeast: number,
  ): Promise<Dated<(VerificationRecord | null)[]>>;

  /**
   * The same for keys without. All of them have one query at a time, in which parties take turns. An imported key is null
   * where no application is named and several have it.
   */
  abstract loadUntagged(
    party: string,
    lookUps: readonly UntaggedLookUp[],
    atLeast: number,
  ): Promise<Dated<(VerificationRecord | null)[]>>;

  /** Says whether it makes sense to look for a key without a tag. */
  abstract readKeysWithoutTag(atLeast: number): Promise<Dated<KeysWithoutTag>>;
}
