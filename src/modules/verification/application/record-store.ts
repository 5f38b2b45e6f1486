import type { PlaintextKey } from '../../api-keys/index.js';
import type { VerificationRecord } from '../domain/verification.js';

/** Where the records of keys are kept: the database. */
export abstract class RecordStore {
  /**
   * What is kept of each key, in their order, in one query, which begins after the call and may serve others too; null
   * for an unknown one. It says which change the database has shown, and lets go of a connection to one that shows less
   * than `atLeast`. Throws when the database is out of reach.
   */
  abstract load(
    keys: readonly PlaintextKey[],
    atLeast: number,
  ): Promise<{ value: (VerificationRecord | null)[]; asOf: number }>;
}
