import { Inject, Injectable } from '@nestjs/common';
import { hash, randomBytes } from 'node:crypto';
import { ENV, type Env } from '../../../config/env.js';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { Clock } from '../../../shared/clock.js';
import { FreshCache, Freshness, onKind, onEntity } from '../../freshness/index.js';
import { VerificationRecordStore } from '../application/verification-record-store.js';
import {
  VerificationRecords,
  type Caller,
  type FoundRecord,
  type PresentedKey,
} from '../application/verification-records.js';
import { KeyFormat, KeyHasher, parseImportedKey, type PlaintextKey } from '../../api-keys/index.js';
import { networkOf } from '../../../shared/network.js';
import type { VerificationRecord } from '../domain/verification.js';
import { KnownKeysWithoutTag } from './keys-without-tag.js';
import { LookUpLanes, LookUpRefused } from './look-up-lanes.js';
import { sizeOfRecord } from './record-size.js';
import { reportVerificationCache } from './verification-cache-metrics.js';

/** Unknown keys are cached apart from valid ones, which a flood of unknown keys must not evict. */
const UNKNOWN_KEY_ENTRIES = 10_000;
/** How long it is remembered that a key is unknown. */
const UNKNOWN_KEY_TTL_MS = 5_000;

/** No valid key is longer. What is longer is not even hashed. */
const MAX_PRESENTED_LENGTH = 512;

/** Keys of one party that are looked up at once, where their tags say that they were issued: as many as share a query. */
const TAGGED_AT_ONCE = 100;

type Known = FoundRecord & {
  readonly record: VerificationRecord;
  /** It was imported, and no application was named: once another one has the same, it is not known any more whose it is. */
  readonly isOnlyOne: boolean;
};

/** A key that is not in memory. */
interface Cold {
  readonly key: PlaintextKey;
  readonly cacheKey: string;
  readonly applicationId: string | null;
  readonly isTagged: boolean;
}

/** The cache knows that there is no such key. */
const UNKNOWN: FoundRecord = { record: null, source: 'cache', stale: false };
/** What was presented has not the form of a key that somebody may have issued, so that no look-up is needed. */
const IMPOSSIBLE: FoundRecord = { record: null, source: 'form', stale: false };

/**
 * Keeps the records of the keys that are in use in memory, and answers from there while the lease says that nothing
 * it keeps has been revoked.
 *
 * What is not there is judged by its tag. A key that has one of ours is looked up whatever others ask for: nobody can make
 * up such keys. Other keys are looked up only where there are some without a tag, and then in a lane of the party that asks,
 * which a flood of junk may fill for that party alone. What nobody can have issued is neither looked up nor remembered.
 */
@Injectable()
export class CachedVerificationRecords extends VerificationRecords {
  /**
   * Made anew by every process: what keys the cache need not be what keys the table, and one hash without the pepper
   * is cheaper than the HMAC. The salt keeps a memory dump from being compared with other hashes.
   */
  private readonly salt = randomBytes(16).toString('base64');
  private readonly cache: FreshCache<Known> | null;
  private readonly withoutTag: KnownKeysWithoutTag;
  private readonly lanes: { tagged: LookUpLanes; untagged: LookUpLanes };

  constructor(
    private readonly store: VerificationRecordStore,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
    private readonly format: KeyFormat,
    private readonly hasher: KeyHasher,
    @Inject(ENV) env: Env,
    metrics: Metrics,
  ) {
    super();
    this.withoutTag = new KnownKeysWithoutTag(freshness, store);
    const perSecond = env.VERIFY_UNKNOWN_KEYS_PER_SECOND;
    // It is a wait for the database, like that for a connection.
    const waitMs = env.DATABASE_POOL_WAIT_MS;
    this.lanes = {
      tagged: new LookUpLanes({ atOnce: TAGGED_AT_ONCE, unknownPerSecond: Infinity, waitMs, clock }),
      untagged: new LookUpLanes({ atOnce: perSecond, unknownPerSecond: perSecond, waitMs, clock }),
    };
    this.cache =
      env.VERIFY_CACHE_ENTRIES === 0
        ? null
        : new FreshCache(freshness, {
            entries: env.VERIFY_CACHE_ENTRIES,
            bytes: env.VERIFY_CACHE_MB * 1024 * 1024,
            sizeOf: ({ record }) => sizeOfRecord(record),
            unknownEntries: UNKNOWN_KEY_ENTRIES,
            unknownMs: UNKNOWN_KEY_TTL_MS,
            dependenciesOf: ({ record: { keyId, applicationId }, isOnlyOne }) => [
              onEntity('api_key', keyId),
              ...(applicationId === null ? [] : [onEntity('application', applicationId)]),
              ...(isOnlyOne ? [onKind('imported_key')] : []),
            ],
            dependenciesOfUnknown: [onKind('imported_key')],
          });
    reportVerificationCache(metrics, this.cache, this.lanes);
  }

  find(presented: PresentedKey, caller: Caller): FoundRecord | Promise<FoundRecord> {
    const { text, applicationId } = presented;
    if (text.length > MAX_PRESENTED_LENGTH) return IMPOSSIBLE;
    // Hashed once, however the answer is found. What the table is keyed by is another hash, of the database alone.
    const cacheKey = this.cache === null ? '' : this.cacheKey(this.nameOf(presented));
    const known = this.recall(cacheKey);
    if (known !== undefined) return known;
    const key = this.parse(text);
    if (key === null) return IMPOSSIBLE;
    const cold = this.cold(key, cacheKey, applicationId);
    if (this.cannotExist(cold)) return IMPOSSIBLE;
    return this.orStale(cacheKey, () => this.ask(cold, partyOf(cold, caller)));
  }

  async findAll(presented: readonly PresentedKey[], caller: Caller): Promise<FoundRecord[]> {
    const answers = new Map<string, FoundRecord>();
    const tagged = new Map<string, Cold>();
    const untagged = new Map<string, Cold>();
    for (const one of presented) {
      const name = this.nameOf(one);
      if (one.text.length > MAX_PRESENTED_LENGTH || answers.has(name)) continue;
      const cacheKey = this.cache === null ? '' : this.cacheKey(name);
      const known = this.recall(cacheKey);
      const key = known === undefined ? this.parse(one.text) : null;
      answers.set(name, known ?? IMPOSSIBLE);
      if (key === null) continue;
      const cold = this.cold(key, cacheKey, one.applicationId);
      if (!this.cannotExist(cold)) (cold.isTagged ? tagged : untagged).set(name, cold);
    }
    const groups = [[...tagged], ...groupByParty([...untagged], caller)];
    await Promise.all(groups.map((group) => this.askAll(group, caller, answers)));
    return presented.map((one) => answers.get(this.nameOf(one)) ?? IMPOSSIBLE);
  }

  private recall(cacheKey: string): FoundRecord | undefined {
    if (this.cache === null || !this.clock.isCertain()) return undefined;
    const found = this.cache.recall(cacheKey);
    return found === null ? UNKNOWN : found;
  }

  private cold(key: PlaintextKey, cacheKey: string, applicationId: string | null): Cold {
    return { key, cacheKey, applicationId, isTagged: this.hasher.knowsTagOf(key) };
  }

  /** Whether it is known that nobody can have issued or imported it. */
  private cannotExist({ key, applicationId, isTagged }: Cold): boolean {
    return !isTagged && this.withoutTag.recall(key, applicationId) === false;
  }

  private async ask(cold: Cold, party: string): Promise<FoundRecord> {
    const { key, applicationId, isTagged } = cold;
    if (!isTagged && !(await this.withoutTag.mayExist(key, applicationId))) return IMPOSSIBLE;
    return fromDatabase(await this.read(cold, party));
  }

  /** One read serves all who ask for a key at once; that the party it is made for is refused concerns no other. */
  private async read(cold: Cold, party: string): Promise<VerificationRecord | null> {
    const load = async (): Promise<Known | null> => {
      const [record = null] = await this.load([cold], party);
      return fromCache(record, cold);
    };
    try {
      return (await (this.cache?.read(cold.cacheKey, load) ?? load()))?.record ?? null;
    } catch (error) {
      if (error instanceof LookUpRefused && error.party !== party) return (await load())?.record ?? null;
      throw error;
    }
  }

  /** Answers keys that all have a tag, or are all of one party and have none. */
  private async askAll(
    group: readonly (readonly [name: string, cold: Cold])[],
    caller: Caller,
    answers: Map<string, FoundRecord>,
  ): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const ticket = this.freshness.beginFill();
    // Together; should it fail, each key may have an answer of its own that is stale.
    const loading = this.loadPossible(
      group.map(([, cold]) => cold),
      partyOf(first[1], caller),
    );
    // Every key may: then nobody waits for the query, and its failure must not end the process.
    loading.catch(() => undefined);
    await Promise.all(
      group.map(async ([name, cold]) => {
        const answer = await this.orStale(cold.cacheKey, async () => {
          const record = (await loading).get(cold);
          if (record === undefined) return IMPOSSIBLE;
          this.cache?.fill(ticket, cold.cacheKey, fromCache(record, cold));
          return fromDatabase(record);
        });
        answers.set(name, answer);
      }),
    );
  }

  /** Those that there may be, with their records. */
  private async loadPossible(
    cold: readonly Cold[],
    party: string,
  ): Promise<Map<Cold, VerificationRecord | null>> {
    const possible: Cold[] = [];
    for (const one of cold) {
      if (one.isTagged || (await this.withoutTag.mayExist(one.key, one.applicationId))) possible.push(one);
    }
    if (possible.length === 0) return new Map();
    const records = await this.load(possible, party);
    return new Map(possible.map((one, i) => [one, records[i] ?? null]));
  }

  private async load(cold: readonly Cold[], party: string): Promise<(VerificationRecord | null)[]> {
    const isTagged = cold[0]?.isTagged === true;
    const lane = (isTagged ? this.lanes.tagged : this.lanes.untagged).of(party);
    if (!lane.tryAcquire(cold.length)) await lane.acquire(cold.length);
    let unknown = 0;
    try {
      const records = await this.freshness.read((atLeast) =>
        isTagged
          ? this.store.load(
              cold.map(({ key }) => key),
              atLeast,
            )
          : this.store.loadUntagged(party, cold, atLeast),
      );
      unknown = records.filter((record) => record === null).length;
      return records;
    } finally {
      lane.release(cold.length, unknown);
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

  private parse(presented: string): PlaintextKey | null {
    return this.format.parse(presented) ?? parseImportedKey(presented, this.format);
  }

  /** Tells apart what is looked up apart: an imported key is one of each application. There is no space in a key. */
  private nameOf({ text, applicationId }: PresentedKey): string {
    return this.format.isOurs(text) ? text : `${applicationId ?? ''} ${text}`;
  }

  private cacheKey(name: string): string {
    return hash('sha256', this.salt + name, 'binary');
  }
}

/**
 * Who takes turns with others. Of services that show a key it is the application that is asked about, so that none is kept
 * waiting for what another one is sent; of those who show none it is their network.
 */
function partyOf({ applicationId }: Cold, { address, isAnonymous }: Caller): string {
  return applicationId !== null && isAnonymous === false ? applicationId : networkOf(address);
}

function groupByParty<T extends readonly [string, Cold]>(entries: readonly T[], caller: Caller): T[][] {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const party = partyOf(entry[1], caller);
    const group = groups.get(party);
    if (group === undefined) groups.set(party, [entry]);
    else group.push(entry);
  }
  return [...groups.values()];
}

/** As the cache keeps it and gives it out. */
function fromCache(record: VerificationRecord | null, { key, applicationId }: Cold): Known | null {
  const isOnlyOne = key.isImported && applicationId === null;
  return record && { record, source: 'cache', stale: false, isOnlyOne };
}

function fromDatabase(record: VerificationRecord | null): FoundRecord {
  return { record, source: 'database', stale: false };
}
