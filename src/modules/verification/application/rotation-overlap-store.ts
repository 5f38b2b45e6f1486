/** Starts the overlap of a rotation that waits for the first use of the new secret. */
export abstract class RotationOverlapStore {
  /**
   * Sets, once, when the older secrets of the key expire, by the database's clock. Throws when the database is out of reach:
   * the next verification tries again.
   */
  abstract start(secretId: string): Promise<void>;
}
