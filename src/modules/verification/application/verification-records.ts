import type { VerificationRecord } from '../domain/verification.js';

/** Who asks for a verification. */
export interface Caller {
  /** Its network address. */
  readonly address: string;
  /** Names its request in the log and in its answer. */
  readonly requestId: string;
  /** False for one that has shown a service key, true for one that verifies without; left out while that is not known. */
  readonly isAnonymous?: boolean;
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

/** What was presented as a key. */
export interface PresentedKey {
  readonly text: string;
  /** Whose it is to be, if it was imported; null where no application is named. Keys that are made here are found anyway. */
  readonly applicationId: string | null;
}

/**
 * Where verification looks up what was presented as a key. Throws `service_unavailable` when it cannot know: a key is
 * never called unknown because something of ours is down.
 */
export abstract class VerificationRecords {
  /**
   * Returns at once what is known without asking anybody, and asks the database for anything else. What nobody can have
   * issued is told by its form, to which its tag belongs. A key that has no tag of ours may have to be looked up all the
   * same: those who keep asking for such keys that do not exist are refused with `too_many_requests`.
   */
  abstract find(presented: PresentedKey, caller: Caller): FoundRecord | Promise<FoundRecord>;

  /** The same for many, in their order; those that the database is asked for share a query. */
  abstract findAll(presented: readonly PresentedKey[], caller: Caller): Promise<FoundRecord[]>;
}
