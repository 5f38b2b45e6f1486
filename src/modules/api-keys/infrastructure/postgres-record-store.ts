import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { DatabaseClock } from '../application/database-clock.js';
import { RecordStore } from '../application/record-store.js';
import { AddressList } from '../domain/address-list.js';
import { KeyHasher, sha256Of } from '../domain/key-hasher.js';
import type { KeyEnvironment } from '../domain/key-format.js';
import type { Metadata } from '../domain/metadata.js';
import { metering, type Metering } from '../domain/metering.js';
import type { PlaintextKey } from '../domain/plaintext-key.js';
import { limitSet, type RateLimit } from '../domain/rate-limit.js';
import type { VerificationRecord } from '../domain/verification.js';

/*
 * The hot read: exactly what a verdict needs, by the unique index on the hash, prepared once per connection. The
 * database's clock comes along with what is found.
 */
const SELECT_RECORD = `
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
         s.id AS secret_id, s.hash, s.pepper_version,
         (extract(epoch FROM s.expires_at) * 1000)::float8 AS secret_expires_at,
         k.id AS key_id, k.application_id, k.name, k.environment, k.scopes, k.metadata, k.enabled,
         k.revoked_at IS NOT NULL OR s.revoked_at IS NOT NULL AS revoked,
         k.external_id, k.ip_allowlist, s.overlap_seconds IS NOT NULL AS starts_overlap,
         (extract(epoch FROM k.expires_at) * 1000)::float8 AS expires_at,
         k.rate_limits, k.metered, l.rate_limits AS application_rate_limits, l.metered AS application_metered,
         a.owner_issuer, a.owner_subject
    FROM api_key_secrets s
    JOIN api_keys k ON k.id = s.api_key_id
    JOIN applications a ON a.id = k.application_id
    LEFT JOIN application_limits l ON l.application_id = a.id`;

/** PostgreSQL makes the plan of this one once, and that of the other anew each time, for four times the cost. */
const BY_ONE_HASH = { name: 'verification_record_by_hash', text: `${SELECT_RECORD} WHERE s.hash = $1` };
const BY_HASHES = { name: 'verification_records_by_hash', text: `${SELECT_RECORD} WHERE s.hash = ANY ($1)` };

interface Row {
  now: number;
  hash: Buffer;
  secret_id: string;
  pepper_version: number;
  secret_expires_at: number | null;
  key_id: string;
  application_id: string;
  name: string;
  environment: KeyEnvironment;
  scopes: string[];
  metadata: Metadata;
  enabled: boolean;
  revoked: boolean;
  expires_at: number | null;
  external_id: string | null;
  ip_allowlist: string[];
  starts_overlap: boolean;
  rate_limits: RateLimit[];
  metered: boolean;
  application_rate_limits: RateLimit[] | null;
  application_metered: boolean | null;
  owner_issuer: string;
  owner_subject: string;
}

/** Looks keys up in the database, with one prepared query on the shared pool. */
@Injectable()
export class PostgresRecordStore extends RecordStore {
  private readonly logger = new Logger(PostgresRecordStore.name);
  private readonly pool: Pool;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly hasher: KeyHasher,
    private readonly databaseClock: DatabaseClock,
  ) {
    super();
    this.pool = poolOf(dataSource);
  }

  async load(keys: readonly PlaintextKey[]): Promise<(VerificationRecord | null)[]> {
    const candidates = keys.map((key) => this.candidates(key));
    const hashes = candidates.flat();
    const sent = this.databaseClock.sending();
    const { rows } = await this.pool.query<Row>(
      hashes.length === 1 ? { ...BY_ONE_HASH, values: hashes } : { ...BY_HASHES, values: [hashes] },
    );
    if (rows[0] !== undefined) this.databaseClock.set(rows[0].now, sent);
    return keys.map((key, i) => {
      const row = rows.find(({ hash }) => candidates[i]?.some((candidate) => hash.equals(candidate)));
      if (row === undefined) return null;
      if (row.pepper_version !== this.hasher.currentVersion)
        this.rehash(key, row.secret_id, row.pepper_version);
      return toRecord(row);
    });
  }

  private candidates(key: PlaintextKey): Buffer[] {
    return key.isImported ? this.hasher.digestCandidates(sha256Of(key)) : this.hasher.candidates(key);
  }

  /** Moves a secret to the current pepper. The verification does not wait for it: the old hash is as good. */
  private rehash(key: PlaintextKey, secretId: string, from: number): void {
    const hash = key.isImported ? this.hasher.hashDigest(sha256Of(key)) : this.hasher.hash(key);
    this.pool
      .query(
        'UPDATE api_key_secrets SET hash = $1, pepper_version = $2 WHERE id = $3 AND pepper_version = $4',
        [hash.bytes, hash.pepperVersion, secretId, from],
      )
      .catch((error: unknown) => {
        this.logger.warn(`could not re-hash a secret under the current pepper: ${(error as Error).message}`);
      });
  }
}

function toRecord(row: Row): VerificationRecord {
  return {
    keyId: row.key_id,
    applicationId: row.application_id,
    ownerId: row.owner_subject,
    ownerIssuer: row.owner_issuer === LOCAL_ISSUER ? null : row.owner_issuer,
    name: row.name,
    environment: row.environment,
    scopes: row.scopes,
    metadata: row.metadata,
    revoked: row.revoked,
    enabled: row.enabled,
    expiresAt: row.expires_at,
    externalId: row.external_id,
    addresses: row.ip_allowlist.length === 0 ? null : new AddressList(row.ip_allowlist),
    secretId: row.secret_id,
    secretExpiresAt: row.secret_expires_at,
    startsOverlap: row.starts_overlap,
    metering: meteringOf(row),
  };
}

function meteringOf(row: Row): Metering | null {
  const key = { id: row.key_id, rateLimits: row.rate_limits };
  const application = { id: row.application_id, rateLimits: row.application_rate_limits ?? [] };
  return metering(limitSet(key, application), {
    keyId: row.metered ? row.key_id : null,
    applicationId: row.application_metered === true ? row.application_id : null,
  });
}
