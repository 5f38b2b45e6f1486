import { LRUCache } from 'lru-cache';
import type { ChangeListener } from '../application/applied-changes.js';
import type { Freshness } from '../application/freshness.js';
import { onKind, onEntity, type Dependency, type EntityRef } from '../domain/change.js';
import type { FillTicket } from '../domain/fill-gate.js';
import { DependencyIndex } from './dependency-index.js';

/** How often a caller that joined somebody else's read takes the next one, before it makes its own. */
const JOINED_READS = 3;

export interface FreshCacheOptions<V> {
  /** Values kept; the least recently used goes first. */
  entries: number;
  /** Bytes that the values may take together; the least recently used goes first. */
  bytes: number;
  /** Bytes that a value takes, with its places in the cache. */
  sizeOf(value: V): number;
  /** Keys known to have no value, kept apart so that a flood of them costs no value its place. */
  unknownEntries: number;
  /** Milliseconds for which a key is taken to have no value. */
  unknownMs: number;
  /** What a value is made of. */
  dependenciesOf(value: V): readonly Dependency[];
  /** What "there is none" is made of: the kinds of change that may bring such a key into being. */
  dependenciesOfUnknown: readonly Dependency[];
  /** Where the time comes from; the tests bring their own. */
  clock?: { now(): number };
}

interface Read<V> {
  ticket: FillTicket;
  value: Promise<V | null>;
}

/**
 * A bounded cache in memory that never answers with what was revoked before the question came.
 *
 * `null` stands for "there is no such key" throughout. Values are shared between callers: do not change them.
 */
export class FreshCache<V extends object> implements ChangeListener {
  private values: LRUCache<string, V>;
  private unknown: LRUCache<string, true>;
  private dependents = new DependencyIndex();
  private readonly reads = new Map<string, Read<V>>();
  /** Since the start: what `recall` knew and did not know, and why values went. */
  readonly counts = { hits: 0, misses: 0, evicted: 0, invalidated: 0 };

  constructor(
    private readonly freshness: Pick<Freshness, 'held' | 'beginFill' | 'mayFill' | 'subscribe'>,
    private readonly options: FreshCacheOptions<V>,
  ) {
    this.values = this.noValues();
    this.unknown = this.noUnknown();
    freshness.subscribe(this);
  }

  /** What is known of a key now, or undefined if the database must be asked. For a request that has arrived. */
  recall(key: string): V | null | undefined {
    const known = this.freshness.held() ? this.remembered(key) : undefined;
    if (known === undefined) this.counts.misses += 1;
    else this.counts.hits += 1;
    return known;
  }

  /** The same without a lease, for an operator who prefers an old answer to none (`stale`). */
  remembered(key: string): V | null | undefined {
    return this.values.get(key) ?? (this.unknown.has(key) ? null : undefined);
  }

  /**
   * Reads what `recall` did not know; many who ask for one key at once make one read. Nobody is given a value
   * that was changed, and the change answered, before they asked: see `mayJoin`.
   */
  async read(key: string, load: (key: string) => Promise<V | null>): Promise<V | null> {
    const mayJoin = this.mayJoin();
    for (let joined = 0; mayJoin && joined < JOINED_READS; joined += 1) {
      const read = this.reads.get(key);
      if (read === undefined) break;
      const value = await read.value;
      if (this.freshness.mayFill(read.ticket, this.dependenciesOf(value))) return value;
    }
    return this.begin(key, load);
  }

  /**
   * Keeps what was read since `ticket` (from `Freshness.beginFill`), unless it has changed since then. For who
   * reads many keys in one query.
   */
  fill(ticket: FillTicket, key: string, value: V | null): void {
    if (!this.freshness.mayFill(ticket, this.dependenciesOf(value))) return;
    if (value === null) {
      this.unknown.set(key, true);
      return;
    }
    this.unknown.delete(key);
    this.values.set(key, value);
    // What is larger than all there is room for was not kept.
    if (!this.values.has(key)) return;
    for (const dependency of this.options.dependenciesOf(value)) this.dependents.add(dependency, key);
  }

  onChange(change: EntityRef): void {
    const kind = onKind(change.kind);
    this.drop(onEntity(change.kind, change.id));
    this.drop(kind);
    if (this.options.dependenciesOfUnknown.includes(kind)) this.forgetUnknown();
  }

  onReset(): void {
    // Others wait meanwhile. So the old ones are thrown away whole, rather than emptied one value after the other.
    this.counts.invalidated += this.values.size;
    this.dependents = new DependencyIndex();
    this.values = this.noValues();
    this.forgetUnknown();
  }

  get size(): { values: number; bytes: number; unknown: number; dependencies: number } {
    return {
      values: this.values.size,
      bytes: this.values.calculatedSize,
      unknown: this.unknown.size,
      dependencies: this.dependents.size,
    };
  }

  /**
   * Whether a caller may take the result of a read that began before it asked. Under the lease, every change
   * that was answered before the caller came has been applied here. So either the read began after that, and
   * saw it, or the ticket of the read tells. Without the lease nothing has to have been applied.
   */
  protected mayJoin(): boolean {
    return this.freshness.held();
  }

  private noValues(): LRUCache<string, V> {
    return new LRUCache({
      max: this.options.entries,
      maxSize: this.options.bytes,
      sizeCalculation: (value) => this.options.sizeOf(value),
      dispose: (value, key, reason) => {
        if (reason === 'evict') this.counts.evicted += 1;
        else if (reason === 'delete') this.counts.invalidated += 1;
        for (const dependency of this.options.dependenciesOf(value)) this.dependents.remove(dependency, key);
      },
    });
  }

  private noUnknown(): LRUCache<string, true> {
    const { unknownEntries, unknownMs, clock } = this.options;
    return new LRUCache({
      max: unknownEntries,
      ttl: unknownMs,
      // Asks the clock each time; the default keeps the time in a real timer.
      ttlResolution: 0,
      ...(clock && { perf: clock }),
    });
  }

  /** Costs as much as there is room for, so it is not done for nothing. */
  private forgetUnknown(): void {
    if (this.unknown.size > 0) this.unknown = this.noUnknown();
  }

  private begin(key: string, load: (key: string) => Promise<V | null>): Promise<V | null> {
    const ticket = this.freshness.beginFill();
    const read: Read<V> = { ticket, value: this.loadAndFill(ticket, key, load) };
    this.reads.set(key, read);
    const done = (): void => {
      if (this.reads.get(key) === read) this.reads.delete(key);
    };
    read.value.then(done, done);
    return read.value;
  }

  private async loadAndFill(
    ticket: FillTicket,
    key: string,
    load: (key: string) => Promise<V | null>,
  ): Promise<V | null> {
    const value = await load(key);
    this.fill(ticket, key, value);
    return value;
  }

  private dependenciesOf(value: V | null): readonly Dependency[] {
    return value === null ? this.options.dependenciesOfUnknown : this.options.dependenciesOf(value);
  }

  private drop(dependency: Dependency): void {
    for (const key of this.dependents.of(dependency)) this.values.delete(key);
  }
}
