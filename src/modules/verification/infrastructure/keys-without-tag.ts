import type { PlaintextKey } from '../../api-keys/index.js';
import { FreshCache, onKind, type Freshness } from '../../freshness/index.js';
import { freshSingleFlight } from '../../../shared/concurrency/single-flight.js';
import type { KeysWithoutTag, VerificationRecordStore } from '../application/verification-record-store.js';

/** There is one value. */
const ONLY_ONE = '';

/**
 * Knows, under the lease, what keys there are that carry no tag of ours, so that nothing is looked up for what cannot be
 * one of them. An import takes a change number, and is answered when every node that has a lease has taken note; so does
 * what nodes of a version without tags issue while they are replaced, but they answer at once.
 */
export class KnownKeysWithoutTag {
  private readonly cache: FreshCache<KeysWithoutTag>;
  /** Also without a lease, under which alone callers share a read of the cache. */
  private readonly read: () => Promise<KeysWithoutTag>;

  constructor(
    freshness: Pick<Freshness, 'held' | 'beginFill' | 'mayFill' | 'subscribe' | 'read'>,
    store: Pick<VerificationRecordStore, 'readKeysWithoutTag'>,
  ) {
    this.cache = new FreshCache(freshness, {
      entries: 1,
      bytes: 1,
      sizeOf: () => 1,
      unknownEntries: 1,
      unknownMs: 1,
      dependenciesOf: () => [onKind('imported_key'), onKind('untagged_key')],
      dependenciesOfUnknown: [],
    });
    this.read = freshSingleFlight(() => freshness.read((atLeast) => store.readKeysWithoutTag(atLeast)));
  }

  /** Whether there may be this key; undefined if the database must be asked what keys there are. */
  recall(key: PlaintextKey, applicationId: string | null): boolean | undefined {
    const known = this.cache.recall(ONLY_ONE) ?? undefined;
    return known && mayBeAmong(known, key, applicationId);
  }

  /** Asks it. Throws `service_unavailable` when it is out of reach. */
  async mayExist(key: PlaintextKey, applicationId: string | null): Promise<boolean> {
    const known = this.cache.recall(ONLY_ONE) ?? (await this.cache.read(ONLY_ONE, this.read));
    return known === null || mayBeAmong(known, key, applicationId);
  }
}

function mayBeAmong(
  { issuedHere, importers }: KeysWithoutTag,
  key: PlaintextKey,
  applicationId: string | null,
): boolean {
  if (!key.isImported) return issuedHere;
  if (importers === 'too many') return true;
  return applicationId === null ? importers.size > 0 : importers.has(applicationId);
}
