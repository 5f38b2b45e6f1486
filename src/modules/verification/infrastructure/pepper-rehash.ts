import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { KeyHasher, type PlaintextKey, sha256Of } from '../../api-keys/index.js';

/** Moves secrets to the current pepper when they are verified. */
export class PepperRehash {
  private readonly logger = new Logger(PepperRehash.name);

  constructor(
    private readonly pool: Pick<Pool, 'query'>,
    private readonly hasher: KeyHasher,
  ) {}

  /** Hashes a secret again if its pepper is an older one. The verification does not wait for it: both hashes are valid. */
  rehashIfOutdated(
    key: PlaintextKey,
    secret: { readonly secretId: string; readonly pepperVersion: number },
  ): void {
    // Never to a lower version: two nodes of which only one has the new pepper would move a key back and forth.
    if (secret.pepperVersion >= this.hasher.currentVersion) return;
    const hash = key.isImported ? this.hasher.hashDigest(sha256Of(key)) : this.hasher.hash(key);
    this.pool
      .query(
        'UPDATE api_key_secrets SET hash = $1, pepper_version = $2 WHERE id = $3 AND pepper_version = $4',
        [hash.bytes, hash.pepperVersion, secret.secretId, secret.pepperVersion],
      )
      .catch((error: unknown) => {
        this.logger.warn(`could not re-hash a secret under the current pepper: ${(error as Error).message}`);
      });
  }
}
