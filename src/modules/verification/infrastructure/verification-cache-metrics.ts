import type { Metrics, Sample } from '../../../infrastructure/metrics/metrics.js';
import type { FreshCache } from '../../freshness/index.js';
import type { LookUpLanes } from './look-up-lanes.js';

/** Reports hits, size and evictions of the cache of verification records, and refused look-ups. Null: no cache. */
export function reportVerificationCache(
  metrics: Metrics,
  cache: Pick<FreshCache<object>, 'counts' | 'size'> | null,
  lanes: { readonly tagged: LookUpLanes; readonly untagged: LookUpLanes },
): void {
  const counts = cache?.counts ?? { hits: 0, misses: 0, evicted: 0, invalidated: 0 };
  metrics.countOf(
    {
      name: 'upblit_verification_cache_lookups_total',
      help: 'Look-ups in the cache of keys; those that miss go on to the database if the key has the right form.',
      labelNames: ['result'],
    },
    () => [
      [{ result: 'hit' }, counts.hits],
      [{ result: 'miss' }, counts.misses],
    ],
  );
  metrics.gaugeOf(
    {
      name: 'upblit_verification_cache_entries',
      help: 'Keys in the cache: those that exist, and those that are known not to exist.',
      labelNames: ['kind'],
    },
    () => [
      [{ kind: 'known' }, cache?.size.values ?? 0],
      [{ kind: 'unknown' }, cache?.size.unknown ?? 0],
    ],
  );
  metrics.gaugeOf(
    {
      name: 'upblit_verification_cache_bytes',
      help: 'Memory that the keys in the cache take, of at most VERIFY_CACHE_MB.',
    },
    () => [[{}, cache?.size.bytes ?? 0]],
  );
  metrics.countOf(
    {
      name: 'upblit_verification_cache_evictions_total',
      help: 'Keys that left the cache, because it was full (`capacity`) or because they had changed (`change`).',
      labelNames: ['reason'],
    },
    () => [
      [{ reason: 'capacity' }, counts.evicted],
      [{ reason: 'change' }, counts.invalidated],
    ],
  );
  metrics.countOf(
    {
      name: 'upblit_verification_database_keys_total',
      help: 'Keys that were looked for in the database: those with a tag of ours, and those without, which may be junk.',
      labelNames: ['lane'],
    },
    () => Object.entries(lanes).map(([lane, { counts }]) => [{ lane }, counts.keys]),
  );
  metrics.countOf(
    {
      name: 'upblit_verification_lookups_refused_total',
      help: 'Look-ups in the database that were refused, because too many unknown keys were asked for, or others were waited for too long.',
      labelNames: ['code', 'lane'],
    },
    () =>
      Object.entries(lanes).flatMap(([lane, { counts }]) =>
        Object.entries(counts.refused).map(([code, count]): Sample<'code' | 'lane'> => [
          { code, lane },
          count,
        ]),
      ),
  );
  metrics.queue('lookups_behind_others', () => lanes.tagged.waiting + lanes.untagged.waiting);
}
