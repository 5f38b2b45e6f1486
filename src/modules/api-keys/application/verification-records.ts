import type { PlaintextKey } from '../domain/plaintext-key.js';
import type { VerificationRecord } from '../domain/verification.js';

export interface FoundRecord {
  /** Null when no key of ours has this secret. */
  record: VerificationRecord | null;
  /** The database's clock, in milliseconds since the epoch: what expiry is judged by. */
  now: number;
}

/**
 * Where verification looks a key up. Throws `service_unavailable` when it cannot know: a key is never called
 * unknown because something of ours is down.
 */
export abstract class VerificationRecords {
  abstract find(key: PlaintextKey): Promise<FoundRecord>;
}
