import type { VerificationRecord } from '../domain/verification.js';

/** Who asks for a verification. */
export interface Caller {
  /** Its network address. */
  readonly address: string;
  /** Names its request in the log and in its answer. */
  readonly requestId: string;
}

/** What the caller may ask about. */
export interface VerifyingCaller extends Caller {
  /** The application whose keys it may ask about; null for those of all. */
  readonly keysOf: string | null;
  /** It has shown no service key: it is told what possession of the key lets it see. */
  readonly isAnonymous: boolean;
}

/** What a verdict is made of: what was in memory, what the database has said, or the form of the key alone. */
export type VerdictSource = 'cache' | 'database' | 'form';

export interface FoundRecord {
  /** Null when no key of ours has this secret. */
  readonly record: VerificationRecord | null;
  readonly source: VerdictSource;
  /** The database is out of reach, and the operator prefers what may be out of date to no answer. */
  readonly stale: boolean;
}

/**
 * Where verification looks up what was presented as a key. Throws `service_unavailable` when it cannot know: a key is
 * never called unknown because something of ours is down.
 */
export abstract class VerificationRecords {
  /**
   * Returns at once what is known without asking anybody, and asks the database for anything else. A caller that keeps
   * asking for unknown keys is refused with `too_many_requests`.
   */
  abstract find(presented: string, caller: Caller): FoundRecord | Promise<FoundRecord>;

  /** The same for many, in their order; those that the database is asked for share one query. */
  abstract findAll(presented: readonly string[], caller: Caller): Promise<FoundRecord[]>;
}
