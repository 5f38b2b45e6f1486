/** Starts what waits for the first use of a new secret. */
export abstract class Overlaps {
  /**
   * Dates the older secrets of the key, once, by the database's clock. Throws when the database is out of reach:
   * the next verification tries again.
   */
  abstract start(secretId: string): Promise<void>;
}
