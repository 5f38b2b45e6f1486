import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { QueryConfig } from 'pg';
import { DataSource } from 'typeorm';
import { DatabaseClock } from '../../../infrastructure/database/database-clock.js';
import { BARRIER, IS_REPLICATED, commitStatement } from '../../../infrastructure/database/commit.js';
import type { ConnectionPool } from '../../../infrastructure/database/connection-pool.js';
import { Metrics } from '../../../infrastructure/metrics/metrics.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { Batcher } from '../../../shared/concurrency/batcher.js';
import {
  VerificationRecordStore,
  type KeysWithoutTag,
  type UntaggedLookUp,
} from '../application/verification-record-store.js';
import {
  AddressList,
  type KeyKind,
  KeyHasher,
  type Metadata,
  type PlaintextKey,
  sha256Of,
} from '../../api-keys/index.js';
import type { Dated } from '../../freshness/index.js';
import { limitSet, metering, type Metering, type RateLimit } from '../../metering/index.js';
import type { VerificationRecord } from '../domain/verification.js';
import { PepperRehash } from './pepper-rehash.js';

/**
 * The hot read: exactly what a verdict needs, by the unique index on the hash, prepared once per connection. The
 * database's clock comes along with what is found, and the last change that the snapshot shows with any answer. As one
 * column of JSON, which is read in half the time that pg takes for as many columns.
 *
 * @param from the secrets in question, as `s`
 * @param place of the look-up that has found it, where one hash may be looked up for several
 */
const selectRecords = ({ from, where, place }: { from: string; where: string; place?: string }): string => `
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
           ${place === undefined ? '' : `, 'place', ${place}`}
         ) AS found
    FROM ${from}
    JOIN api_keys k ON k.id = s.api_key_id
    LEFT JOIN applications a ON a.id = k.application_id
    LEFT JOIN application_limits l ON l.application_id = a.id
   WHERE ${where}) record ON true`;

const BY_ONE_HASH = {
  name: 'verification_record_by_hash',
  text: selectRecords({ from: 'api_key_secrets s', where: 's.hash = $1' }),
};
const BY_HASHES = {
  name: 'verification_records_by_hash',
  text: selectRecords({ from: 'api_key_secrets s', where: 's.hash = ANY ($1)' }),
};
/**
 * Those that have no tag, of the application that is named with the hash if they were imported. Where none is named, an
 * imported one is found when no other application has the same.
 */
const UNTAGGED = {
  name: 'untagged_verification_records',
  text: selectRecords({
    place: 'asked.place',
    from: `unnest($1::bytea[], $2::uuid[], $3::integer[]) AS asked (hash, application_id, place)
    JOIN api_key_secrets s ON s.hash = asked.hash`,
    where: `s.imported_for IS NULL
      OR s.imported_for = asked.application_id
      OR asked.application_id IS NULL
         AND NOT EXISTS (SELECT FROM api_key_secrets other
                          WHERE other.hash = s.hash AND other.imported_for <> s.imported_for)`,
  }),
};

/**
 * What tells whether there are keys that carry no tag of ours: whether some are older than tags, the versions of the peppers
 * that have made tags, and the applications that have imported keys. Each is found by one step in an index.
 */
const WITHOUT_TAG = {
  name: 'keys_without_tag',
  text: `
    WITH RECURSIVE tag AS (
      SELECT min(tag_version) AS version FROM api_key_secrets WHERE NOT imported
       UNION ALL
      SELECT (SELECT min(tag_version) FROM api_key_secrets WHERE NOT imported AND tag_version > tag.version)
        FROM tag WHERE version IS NOT NULL
    ), importer AS (
      (SELECT imported_for AS id FROM api_key_secrets WHERE imported_for IS NOT NULL ORDER BY imported_for LIMIT 1)
       UNION ALL
      SELECT (SELECT imported_for FROM api_key_secrets WHERE imported_for > importer.id ORDER BY imported_for LIMIT 1)
        FROM importer WHERE id IS NOT NULL
    )
    SELECT counter.number::float8 AS "asOf",
           EXISTS (SELECT FROM api_key_secrets WHERE NOT imported AND tag_version IS NULL) AS "hasOlder",
           ARRAY(SELECT version FROM tag WHERE version IS NOT NULL) AS "tagVersions",
           ARRAY(SELECT id FROM importer WHERE id IS NOT NULL LIMIT $1) AS importers
      FROM key_change_counter counter`,
};

/** The same for a transaction that has to be committed, which neither a standby nor an old primary can do. */
const confirmed = (text: string): string => text.replace('SELECT', `SELECT ${BARRIER},`);
const CONFIRMED_BY_HASHES = confirmed(BY_HASHES.text);
const CONFIRMED_UNTAGGED = confirmed(UNTAGGED.text);

/**
 * Hashes that BY_HASHES is asked for at least, the last of them repeatedly. PostgreSQL plans a prepared statement for
 * ten elements of an array it does not know; for fewer it would rather plan anew each time, which costs three times as
 * much as the look-up.
 */
const MIN_HASHES = 16;

/** While `maxBatches` queries are running, further look-ups wait and share the next one: many cold keys cost few queries. */
const BATCHES = { maxBatches: 4, maxCalls: 100 };
/** Whatever is presented, keys without a tag take one connection. */
const UNTAGGED_BATCHES = { maxBatches: 1, maxCalls: 100 };

/** Applications with imported keys that are told apart. */
const MAX_IMPORTERS = 10_000;

interface Found {
  /** Of the look-up, where there is a place. */
  place?: number;
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

interface TaggedLookUp {
  key: PlaintextKey;
  atLeast: number;
}

type Untagged = UntaggedLookUp & { atLeast: number };

interface WithoutTag {
  asOf: number;
  hasOlder: boolean;
  tagVersions: number[];
  importers: string[];
}

/** Looks keys up in the database, with prepared queries on the shared pool. */
@Injectable()
export class PostgresVerificationRecordStore extends VerificationRecordStore {
  private readonly pool: ConnectionPool;
  private readonly pepperRehash: PepperRehash;
  private readonly tagged = new Batcher(
    (lookUps: readonly TaggedLookUp[]) => this.readBatch(lookUps),
    BATCHES,
  );
  private readonly untagged = new Batcher(
    (lookUps: readonly Untagged[]) => this.readUntagged(lookUps),
    UNTAGGED_BATCHES,
  );
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
    metrics.queue('verification_lookups', () => this.tagged.waiting);
    metrics.queue('untagged_key_lookups', () => this.untagged.waiting);
  }

  async load(keys: readonly PlaintextKey[], atLeast: number): Promise<Dated<(VerificationRecord | null)[]>> {
    const [key] = keys;
    if (key === undefined || keys.length > 1) return this.read(keys, atLeast);
    this.partition += 1;
    // Each look-up is a partition of its own: it waits for a query, and for no other look-up.
    const { value, asOf } = await this.tagged.call(String(this.partition), { key, atLeast });
    return { value: [value], asOf };
  }

  async loadUntagged(
    party: string,
    lookUps: readonly UntaggedLookUp[],
    atLeast: number,
  ): Promise<Dated<(VerificationRecord | null)[]>> {
    const loaded = await Promise.all(
      lookUps.map((lookUp) => this.untagged.call(party, { ...lookUp, atLeast })),
    );
    return { value: loaded.map(({ value }) => value), asOf: Math.min(...loaded.map(({ asOf }) => asOf)) };
  }

  async readKeysWithoutTag(atLeast: number): Promise<Dated<KeysWithoutTag>> {
    const { rows } = await this.pool.query<WithoutTag>({ ...WITHOUT_TAG, values: [MAX_IMPORTERS + 1] });
    const [row] = rows;
    if (row === undefined) throw new Error('key_change_counter has lost its row');
    const { asOf, hasOlder, tagVersions, importers } = row;
    if (asOf < atLeast) this.pool.distrust();
    const known = this.hasher.versions;
    return {
      asOf,
      value: {
        issuedHere: hasOlder || tagVersions.some((version) => !known.includes(version)),
        importers: importers.length > MAX_IMPORTERS ? 'too many' : new Set(importers),
      },
    };
  }

  private async readBatch(lookUps: readonly TaggedLookUp[]): Promise<Dated<VerificationRecord | null>[]> {
    const { value, asOf } = await this.read(
      lookUps.map(({ key }) => key),
      mostOf(lookUps),
    );
    return value.map((record) => ({ value: record, asOf }));
  }

  private async read(
    keys: readonly PlaintextKey[],
    atLeast: number,
  ): Promise<Dated<(VerificationRecord | null)[]>> {
    const candidates = keys.map((key) => this.hasher.candidates(key));
    const hashes = candidates.flat();
    const query =
      hashes.length === 1
        ? { ...BY_ONE_HASH, values: [...hashes] }
        : { ...BY_HASHES, values: [padded(hashes)] };
    const confirm = { text: CONFIRMED_BY_HASHES, values: [padded(hashes)] };
    const { asOf, records } = await this.ask(query, confirm, keys.length, atLeast);
    const byHash = new Map(records.map((found) => [found.hash, found]));
    const value = keys.map((key, i) => {
      const found = candidates[i]
        ?.map((hash) => byHash.get(hash.toString('hex')))
        .find((one) => one !== undefined);
      return this.recordOf(key, found);
    });
    return { value, asOf };
  }

  private async readUntagged(lookUps: readonly Untagged[]): Promise<Dated<VerificationRecord | null>[]> {
    const asked = lookUps.flatMap(({ key, applicationId }, place) =>
      this.candidates(key).map((hash) => ({ hash, applicationId, place })),
    );
    const values = [
      asked.map(({ hash }) => hash),
      asked.map(({ applicationId }) => applicationId),
      asked.map(({ place }) => place),
    ];
    const confirm = { text: CONFIRMED_UNTAGGED, values };
    const { asOf, records } = await this.ask(
      { ...UNTAGGED, values },
      confirm,
      lookUps.length,
      mostOf(lookUps),
    );
    return lookUps.map(({ key }, place) => {
      const [found, ...others] = records.filter((record) => record.place === place);
      // Several applications may have it under the hashes of different peppers.
      return { value: this.recordOf(key, others.length > 0 ? undefined : found), asOf };
    });
  }

  /**
   * Issuing a key takes no change number. A former primary may therefore show the last number and still not know the
   * key. Where there may be such a server, a transaction that has to be committed confirms that a key is unknown.
   */
  private async ask(
    query: QueryConfig,
    confirm: { text: string; values: unknown[] },
    keys: number,
    atLeast: number,
  ): Promise<{ asOf: number; records: Found[] }> {
    const sent = this.clock.monotonic();
    let { rows } = await this.pool.query<Row>(query);
    if (asOf(rows) < atLeast) this.pool.distrust();
    const found = rows.filter((row) => row.found !== null).length;
    if (found < keys && rows[0]?.isReplicated === true) {
      ({ value: rows } = await commitStatement<Row>(this.pool, confirm.text, confirm.values));
    }
    const records = rows.flatMap((row) => row.found ?? []);
    if (records[0] !== undefined) this.clock.set(records[0].now, sent);
    return { asOf: asOf(rows), records };
  }

  private recordOf(key: PlaintextKey, found: Found | undefined): VerificationRecord | null {
    if (found === undefined) return null;
    this.pepperRehash.rehashIfOutdated(key, found);
    return toRecord(found);
  }

  private candidates(key: PlaintextKey): Buffer[] {
    return key.isImported ? this.hasher.digestCandidates(sha256Of(key)) : this.hasher.candidates(key);
  }
}

/** What all of them have to show. */
function mostOf(lookUps: readonly { atLeast: number }[]): number {
  return Math.max(...lookUps.map(({ atLeast }) => atLeast));
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
    counterMemo: { counter: undefined, table: undefined },
  };
}

function meteringOf(found: Found): Metering | null {
  // What the keys of an application share is not for the machines that verify them.
  if (found.environment === 'service' || found.applicationId === null) return null;
  const key = { id: found.keyId, rateLimits: found.rateLimits };
  const application = { id: found.applicationId, rateLimits: found.applicationRateLimits ?? [] };
  const { keyId, applicationId } = found;
  const accounts = {
    keyId: found.metered ? keyId : null,
    applicationId: found.applicationMetered === true ? applicationId : null,
  };
  return metering(limitSet(key, application), accounts, { keyId, applicationId });
}
