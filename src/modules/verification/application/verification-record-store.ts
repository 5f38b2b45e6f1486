import type { PlaintextKey } from '../../api-keys/index.js';
import type { VerificationRecord } from '../domain/verification.js';

/** Loads the records that verdicts are made of. The implementation reads them from the database. */
export abstract class VerificationRecordStore {
  /**
   * Returns the record of each key in the order of the keys, and null for an unknown key. One query loads them; it
   * begins after the call, and may serve other calls too. `asOf` is the number of the last change that the query has
   * seen. Connections to a database that has seen less than `atLeast` are closed. Throws when the database is out of
   * reach.
   */
  abstract load(
    keys: readonly PlaintextKey[],
    atLeast: number,
  ): Promise<{ value: (VerificationRecord | null)[]; asOf: number }>;
}
