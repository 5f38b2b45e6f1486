import type { VerificationRecord } from '../domain/verification.js';

export interface FoundRecord {
  /** Null when no key of ours has this secret. */
  readonly record: VerificationRecord | null;
  /** The database is out of reach, and the operator prefers what may be out of date to no answer. */
  readonly stale: boolean;
}

/**
 * Where verification looks up what was presented as a key. Throws `service_unavailable` when it cannot know: a key is
 * never called unknown because something of ours is down.
 */
export abstract class VerificationRecords {
  /** What is known without asking anybody; undefined when the database must be asked. */
  abstract recall(presented: string): FoundRecord | undefined;

  /**
   * Asks the database. `from` is the address of the caller: one that keeps asking for unknown keys is refused with
   * `too_many_requests`.
   */
  abstract find(presented: string, from: string): Promise<FoundRecord>;

  /** The same for many in one query, in their order. */
  abstract findAll(presented: readonly string[], from: string): Promise<FoundRecord[]>;
}
