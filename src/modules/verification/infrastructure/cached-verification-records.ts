import { Inject, Injectable } from '@nestjs/common';
import { hash, randomBytes } from 'node:crypto';
import { ENV, type Env } from '../../../config/env.js';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { Clock } from '../../../shared/clock.js';
import { FreshCache, Freshness, onKind, onEntity } from '../../freshness/index.js';
import { VerificationRecordStore } from '../application/verification-record-store.js';
import { VerificationRecords, type Caller, type FoundRecord } from '../application/verification-records.js';
import { parseImportedKey, parseKey, type PlaintextKey } from '../../api-keys/index.js';
import type { VerificationRecord } from '../domain/verification.js';
import { sizeOfRecord } from './record-size.js';
import { LookUpRefused, UnknownKeyLimiter } from './unknown-key-limiter.js';
import { reportVerificationCache } from './verification-cache-metrics.js';

/** Unknown keys are cached apart from valid ones, which a flood of unknown keys must not evict. */
const UNKNOWN_KEY_ENTRIES = 10_000;
/** How long it is remembered that a key is unknown. */
const UNKNOWN_KEY_TTL_MS = 5_000;

/** No valid key is longer. What is longer is not even hashed. */
const MAX_PRESENTED_LENGTH = 512;

type Known = FoundRecord & { readonly record: VerificationRecord };

/** The cache knows that there is no such key. */
const UNKNOWN: FoundRecord = { record: null, source: 'cache', stale: false };
/** What was presented does not have the format of a key, so that no look-up is needed. */
const IMPOSSIBLE: FoundRecord = { record: null, source: 'form', stale: false };

/**
 * Keeps the records of the keys that are in use in memory, and answers from there while the lease says that nothing
 * it keeps has been revoked.
 */
@Injectable()
export class CachedVerificationRecords extends VerificationRecords {
  /**
   * Made anew by every process: what keys the cache need not be what keys the table, and one hash without the pepper
   * is cheaper than the HMAC. The salt keeps a memory dump from being compared with other hashes.
   */
  private readonly salt = randomBytes(16).toString('base64');
  private readonly cache: FreshCache<Known> | null;
  private readonly unknownKeys: UnknownKeyLimiter;

  constructor(
    private readonly store: VerificationRecordStore,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
    @Inject(ENV) env: Env,
    metrics: Metrics,
  ) {
    super();
    this.unknownKeys = new UnknownKeyLimiter({
      perSecond: env.VERIFY_UNKNOWN_KEYS_PER_SECOND,
      // It is a wait for the database, like that for a connection.
      waitMs: env.DATABASE_POOL_WAIT_MS,
      clock,
    });
    this.cache =
      env.VERIFY_CACHE_ENTRIES === 0
        ? null
        : new FreshCache(freshness, {
            entries: env.VERIFY_CACHE_ENTRIES,
            bytes: env.VERIFY_CACHE_MB * 1024 * 1024,
            sizeOf: ({ record }) => sizeOfRecord(record),
            unknownEntries: UNKNOWN_KEY_ENTRIES,
            unknownMs: UNKNOWN_KEY_TTL_MS,
            dependenciesOf: ({ record: { keyId, applicationId } }) => [
              onEntity('api_key', keyId),
              ...(applicationId === null ? [] : [onEntity('application', applicationId)]),
            ],
            dependenciesOfUnknown: [onKind('imported_key')],
          });
    reportVerificationCache(metrics, this.cache, this.unknownKeys);
  }

  find(presented: string, { address }: Caller): FoundRecord | Promise<FoundRecord> {
    if (presented.length > MAX_PRESENTED_LENGTH) return IMPOSSIBLE;
    // Hashed once, however the answer is found. What the table is keyed by is another hash, of the database alone.
    const cacheKey = this.cache === null ? '' : this.cacheKey(presented);
    const known = this.recall(cacheKey);
    if (known !== undefined) return known;
    const key = parse(presented);
    if (key === null) return IMPOSSIBLE;
    const { cache } = this;
    return cache === null
      ? this.load([key], address).then(([record = null]) => fromDatabase(record))
      : this.orStale(cacheKey, async () => fromDatabase(await this.read(cache, cacheKey, key, address)));
  }

  async findAll(presented: readonly string[], { address }: Caller): Promise<FoundRecord[]> {
    const answers = new Map<string, FoundRecord>();
    const cold = new Map<string, { cacheKey: string; key: PlaintextKey }>();
    for (const text of new Set(presented)) {
      if (text.length > MAX_PRESENTED_LENGTH) continue;
      const cacheKey = this.cache === null ? '' : this.cacheKey(text);
      const known = this.recall(cacheKey);
      const key = known === undefined ? parse(text) : null;
      if (known !== undefined) answers.set(text, known);
      else if (key !== null) cold.set(text, { cacheKey, key });
    }
    if (cold.size > 0) {
      const ticket = this.freshness.beginFill();
      const asked = [...cold];
      // One query; should it fail, each key may have an answer of its own that is stale.
      const loading = this.load(
        asked.map(([, { key }]) => key),
        address,
      );
      // Every key may: then nobody waits for the query, and its failure must not end the process.
      loading.catch(() => undefined);
      await Promise.all(
        asked.map(async ([text, { cacheKey }], i) => {
          const answer = await this.orStale(cacheKey, async () => {
            const record = (await loading)[i] ?? null;
            this.cache?.fill(ticket, cacheKey, record && fromCache(record));
            return fromDatabase(record);
          });
          answers.set(text, answer);
        }),
      );
    }
    return presented.map((text) => answers.get(text) ?? IMPOSSIBLE);
  }

  private recall(cacheKey: string): FoundRecord | undefined {
    if (this.cache === null || !this.clock.isCertain()) return undefined;
    const found = this.cache.recall(cacheKey);
    return found === null ? UNKNOWN : found;
  }

  /** One read serves all who ask for a key at once; that the address it is made for is refused concerns no other. */
  private async read(
    cache: FreshCache<Known>,
    cacheKey: string,
    key: PlaintextKey,
    from: string,
  ): Promise<VerificationRecord | null> {
    const load = async (): Promise<Known | null> => {
      const [record = null] = await this.load([key], from);
      return record && fromCache(record);
    };
    try {
      return (await cache.read(cacheKey, load))?.record ?? null;
    } catch (error) {
      if (error instanceof LookUpRefused && error.address !== from) return (await load())?.record ?? null;
      throw error;
    }
  }

  private async load(keys: readonly PlaintextKey[], from: string): Promise<(VerificationRecord | null)[]> {
    const lookUps = this.unknownKeys.of(from);
    if (!lookUps.tryAcquire(keys.length)) await lookUps.acquire(keys.length);
    let unknown = 0;
    try {
      const records = await this.freshness.read((atLeast) => this.store.load(keys, atLeast));
      unknown = records.filter((record) => record === null).length;
      return records;
    } finally {
      lookUps.release(keys.length, unknown);
    }
  }

  /** What the cache remembers, when the database is away and the operator prefers that to no answer. */
  private async orStale(cacheKey: string, ask: () => Promise<FoundRecord>): Promise<FoundRecord> {
    const remembered = this.remembered(cacheKey);
    if (remembered !== undefined) return remembered;
    try {
      return await ask();
    } catch (error) {
      const late = this.remembered(cacheKey);
      if (late !== undefined) return late;
      throw error;
    }
  }

  private remembered(cacheKey: string): FoundRecord | undefined {
    if (this.freshness.state() !== 'stale') return undefined;
    const value = this.cache?.remembered(cacheKey);
    return value === undefined ? undefined : { record: value?.record ?? null, source: 'cache', stale: true };
  }

  private cacheKey(presented: string): string {
    return hash('sha256', this.salt + presented, 'binary');
  }
}

function parse(presented: string): PlaintextKey | null {
  return parseKey(presented) ?? parseImportedKey(presented);
}

/** As the cache keeps it and gives it out. */
function fromCache(record: VerificationRecord): Known {
  return { record, source: 'cache', stale: false };
}

function fromDatabase(record: VerificationRecord | null): FoundRecord {
  return { record, source: 'database', stale: false };
}
