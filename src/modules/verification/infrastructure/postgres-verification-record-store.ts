import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DatabaseClock } from '../../../infrastructure/database/database-clock.js';
import { BARRIER, IS_REPLICATED, commitStatement } from '../../../infrastructure/database/commit.js';
import type { ConnectionPool } from '../../../infrastructure/database/connection-pool.js';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { Batcher } from '../../../shared/concurrency/batcher.js';
import { VerificationRecordStore } from '../application/verification-record-store.js';
import {
  AddressList,
  type KeyKind,
  KeyHasher,
  type Metadata,
  type PlaintextKey,
  sha256Of,
} from '../../api-keys/index.js';
import { limitSet, metering, type Metering, type RateLimit } from '../../metering/index.js';
import type { VerificationRecord } from '../domain/verification.js';
import { PepperRehash } from './pepper-rehash.js';

/*
 * The hot read: exactly what a verdict needs, by the unique index on the hash, prepared once per connection. The
 * database's clock comes along with what is found, and the last change that the snapshot shows with any answer. As one
 * column of JSON, which is read in half the time that pg takes for as many columns.
 */
const SELECT_RECORD = `
  SELECT counter.number::float8 AS "asOf",
         ${IS_REPLICATED} AS "isReplicated",
         record.found
    FROM key_change_counter counter LEFT JOIN LATERAL (
  SELECT json_build_object(
           'now', (extract(epoch FROM clock_timestamp()) * 1000)::float8,
           'hash', encode(s.hash, 'hex'), 'pepperVersion', s.pepper_version,
           'secretId', s.id, 'secretExpiresAt', (extract(epoch FROM s.expires_at) * 1000)::float8,
           'startsOverlap', s.overlap_seconds IS NOT NULL,
           'keyId', k.id, 'applicationId', k.application_id, 'name', k.name, 'environment', k.environment,
           'scopes', k.scopes, 'metadata', k.metadata, 'enabled', k.enabled,
           -- A key of the platform has no application. The keys of a deleted application may be many, and are marked one after the other.
           'revoked', k.revoked_at IS NOT NULL OR s.revoked_at IS NOT NULL OR a.deleted_at IS NOT NULL,
           'expiresAt', (extract(epoch FROM k.expires_at) * 1000)::float8,
           'externalId', k.external_id, 'ipAllowlist', k.ip_allowlist,
           'rateLimits', k.rate_limits, 'metered', k.metered,
           'applicationRateLimits', l.rate_limits, 'applicationMetered', l.metered,
           'ownerIssuer', a.owner_issuer, 'ownerSubject', a.owner_subject
         ) AS found
    FROM api_key_secrets s
    JOIN api_keys k ON k.id = s.api_key_id
    LEFT JOIN applications a ON a.id = k.application_id
    LEFT JOIN application_limits l ON l.application_id = a.id`;

const BY_ONE_HASH = {
  name: 'verification_record_by_hash',
  text: `${SELECT_RECORD} WHERE s.hash = $1) record ON true`,
};
const BY_HASHES = {
  name: 'verification_records_by_hash',
  text: `${SELECT_RECORD} WHERE s.hash = ANY ($1)) record ON true`,
};
/** The same for a transaction that has to be committed, which neither a standby nor an old primary can do. */
const CONFIRMED_BY_HASHES = BY_HASHES.text.replace('SELECT', `SELECT ${BARRIER},`);

/**
 * Hashes that BY_HASHES is asked for at least, the last of them repeatedly. PostgreSQL plans a prepared statement for
 * ten elements of an array it does not know; for fewer it would rather plan anew each time, which costs three times as
 * much as the look-up.
 */
const MIN_HASHES = 16;

/** While `maxBatches` queries are running, further look-ups wait and share the next one: many cold keys cost few queries. */
const BATCHES = { maxBatches: 4, maxCalls: 100 };

interface Found {
  now: number;
  /** In hexadecimal. */
  hash: string;
  pepperVersion: number;
  secretId: string;
  secretExpiresAt: number | null;
  startsOverlap: boolean;
  keyId: string;
  applicationId: string | null;
  name: string;
  environment: KeyKind;
  scopes: string[];
  metadata: Metadata;
  enabled: boolean;
  revoked: boolean;
  expiresAt: number | null;
  externalId: string | null;
  ipAllowlist: string[];
  rateLimits: RateLimit[];
  metered: boolean;
  applicationRateLimits: RateLimit[] | null;
  applicationMetered: boolean | null;
  ownerIssuer: string | null;
  ownerSubject: string | null;
}

interface Row {
  isReplicated: boolean;
  /** The last change that the snapshot shows. */
  asOf: number;
  found: Found | null;
}

interface LookUp {
  key: PlaintextKey;
  atLeast: number;
}

interface Loaded<T> {
  value: T;
  asOf: number;
}

/** Looks keys up in the database, with one prepared query on the shared pool. */
@Injectable()
export class PostgresVerificationRecordStore extends VerificationRecordStore {
  private readonly pool: ConnectionPool;
  private readonly pepperRehash: PepperRehash;
  private readonly batcher = new Batcher((lookUps: readonly LookUp[]) => this.readBatch(lookUps), BATCHES);
  private partition = 0;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly hasher: KeyHasher,
    private readonly clock: DatabaseClock,
    metrics: Metrics,
  ) {
    super();
    this.pool = poolOf(dataSource);
    this.pepperRehash = new PepperRehash(this.pool, hasher);
    metrics.queue('verification_lookups', () => this.batcher.waiting);
  }

  async load(keys: readonly PlaintextKey[], atLeast: number): Promise<Loaded<(VerificationRecord | null)[]>> {
    const [key] = keys;
    if (key === undefined || keys.length > 1) return this.read(keys, atLeast);
    this.partition += 1;
    // Each look-up is a partition of its own: it waits for a query, and for no other look-up.
    const { value, asOf } = await this.batcher.call(String(this.partition), { key, atLeast });
    return { value: [value], asOf };
  }

  private async readBatch(lookUps: readonly LookUp[]): Promise<Loaded<VerificationRecord | null>[]> {
    const atLeast = Math.max(...lookUps.map((lookUp) => lookUp.atLeast));
    const { value, asOf } = await this.read(
      lookUps.map(({ key }) => key),
      atLeast,
    );
    return value.map((record) => ({ value: record, asOf }));
  }

  private async read(
    keys: readonly PlaintextKey[],
    atLeast: number,
  ): Promise<Loaded<(VerificationRecord | null)[]>> {
    const candidates = keys.map((key) => this.candidates(key));
    const hashes = candidates.flat();
    const sent = this.clock.monotonic();
    const rows = await this.ask(hashes, keys.length, atLeast);
    const records = rows.flatMap(({ found }) => found ?? []);
    if (records[0] !== undefined) this.clock.set(records[0].now, sent);
    const byHash = new Map(records.map((found) => [found.hash, found]));
    const value = keys.map((key, i) => {
      const found = candidates[i]
        ?.map((hash) => byHash.get(hash.toString('hex')))
        .find((one) => one !== undefined);
      if (found === undefined) return null;
      this.pepperRehash.rehashIfOutdated(key, found);
      return toRecord(found);
    });
    return { value, asOf: asOf(rows) };
  }

  /**
   * Issuing a key takes no change number. A former primary may therefore show the last number and still not know the
   * key. Where there may be such a server, a transaction that has to be committed confirms that a key is unknown.
   */
  private async ask(hashes: readonly Buffer[], keys: number, atLeast: number): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>(
      hashes.length === 1
        ? { ...BY_ONE_HASH, values: [...hashes] }
        : { ...BY_HASHES, values: [padded(hashes)] },
    );
    if (asOf(rows) < atLeast) this.pool.distrust();
    const found = rows.filter((row) => row.found !== null).length;
    if (found >= keys || rows[0]?.isReplicated !== true) return rows;
    const { value } = await commitStatement<Row>(this.pool, CONFIRMED_BY_HASHES, [padded(hashes)]);
    return value;
  }

  private candidates(key: PlaintextKey): Buffer[] {
    return key.isImported ? this.hasher.digestCandidates(sha256Of(key)) : this.hasher.candidates(key);
  }
}

function asOf([row]: readonly Row[]): number {
  if (row === undefined) throw new Error('key_change_counter has lost its row');
  return row.asOf;
}

function padded(hashes: readonly Buffer[]): Buffer[] {
  const last = hashes.slice(-1);
  const more = Array.from({ length: Math.max(0, MIN_HASHES - hashes.length) }).flatMap(() => last);
  return [...hashes, ...more];
}

function toRecord(found: Found): VerificationRecord {
  return {
    keyId: found.keyId,
    applicationId: found.applicationId,
    ownerId: found.ownerSubject,
    ownerIssuer: found.ownerIssuer === LOCAL_ISSUER ? null : found.ownerIssuer,
    name: found.name,
    environment: found.environment,
    scopes: found.scopes,
    metadata: JSON.stringify(found.metadata),
    revoked: found.revoked,
    enabled: found.enabled,
    expiresAt: found.expiresAt,
    externalId: found.externalId,
    addresses: found.ipAllowlist.length === 0 ? null : new AddressList(found.ipAllowlist),
    secretId: found.secretId,
    secretExpiresAt: found.secretExpiresAt,
    startsOverlap: found.startsOverlap,
    metering: meteringOf(found),
  };
}

function meteringOf(found: Found): Metering | null {
  // What the keys of an application share is not for the machines that verify them.
  if (found.environment === 'service' || found.applicationId === null) return null;
  const key = { id: found.keyId, rateLimits: found.rateLimits };
  const application = { id: found.applicationId, rateLimits: found.applicationRateLimits ?? [] };
  return metering(limitSet(key, application), {
    keyId: found.metered ? found.keyId : null,
    applicationId: found.applicationMetered === true ? found.applicationId : null,
  });
}
