import type { Metrics } from '../../../infrastructure/metrics/metrics.js';
import type { FreshCache } from '../../freshness/index.js';
import type { UnknownKeyLimiter } from './unknown-key-limiter.js';

/** Reports hits, size and evictions of the cache of verification records, and refused look-ups. Null: no cache. */
export function reportVerificationCache(
  metrics: Metrics,
  cache: Pick<FreshCache<object>, 'counts' | 'size'> | null,
  unknownKeys: UnknownKeyLimiter,
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
      name: 'upblit_verification_lookups_refused_total',
      help: 'Look-ups in the database that were refused, because their address asked for too many unknown keys.',
      labelNames: ['code'],
    },
    () => Object.entries(unknownKeys.refused).map(([code, count]) => [{ code }, count]),
  );
  metrics.queue('unknown_key_lookups', () => unknownKeys.waiting);
}
