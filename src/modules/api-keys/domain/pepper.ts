/** A secret that lives outside the database: without it a stolen table of hashes is of no use. */
export interface Pepper {
  version: number;
  /** At least 32 bytes. */
  key: Buffer;
}
