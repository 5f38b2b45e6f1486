import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import {
  DataSource,
  In,
  IsNull,
  type EntityManager,
  type ObjectLiteral,
  type SelectQueryBuilder,
} from 'typeorm';
import { BARRIER } from '../../../infrastructure/database/commit.js';
import { EventSubscribers } from '../../../infrastructure/database/event-subscribers.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { Snapshots } from '../../../infrastructure/database/snapshots.js';
import { expectProof, managerOf } from '../../../infrastructure/database/transaction.js';
import type { Actor } from '../../../shared/actor.js';
import { eventsOf } from '../../../shared/domain-event.js';
import type { PageRequest } from '../../../shared/page.js';
import type { ServiceScope } from '../../../shared/scopes.js';
import type { Subject } from '../../../shared/subject.js';
import type { Snapshot, Transaction } from '../../../shared/transaction.js';
import { OptimisticLockError } from '../../../shared/unit-of-work.js';
import type { Dated } from '../../freshness/index.js';
import { ApiKey } from '../domain/api-key.js';
import type { ApiKeyLimits } from '../domain/api-key-limits.js';
import type { ApiKeySecret } from '../domain/api-key-secret.js';
import {
  ApiKeyRepository,
  type ApiKeyQuery,
  type KeyOutline,
  type OutlineQuery,
} from '../domain/api-key.repository.js';
import { keyStatusConditions } from '../../../shared/key-status.js';
import { CreditBalances, type Credits, type RateLimit } from '../../metering/index.js';
import type { Metadata } from '../domain/metadata.js';
import { reserveActivationQuota, reserveKeyQuota } from './active-key-quota.js';
import {
  apiKeySchema,
  apiKeySecretSchema,
  apiKeyUsageSchema,
  type ApiKeyUsageRow,
} from './api-key.schema.js';
import { readSecrets, writeSecrets } from './api-key-secrets.js';
import { BatchedApiKeyInserts } from './batched-api-key-inserts.js';
import { ApiKeyBulkInsert } from './api-key-bulk-insert.js';
import { addPendingRevocations, revokeSomePending } from './pending-key-revocations.js';
import { recordRevocations, type RevokedKey } from './record-revocations.js';
import { StoredSecrets } from './stored-secrets.js';

const HAS_STATUS = keyStatusConditions({
  revokedAt: 'key.revokedAt',
  enabled: 'key.enabled',
  expiresAt: 'key.expiresAt',
  now: ':now',
});

const IS_FOR_SERVICE = `key.environment = 'service'`;

const ACTING_SERVICE_KEY = `
  SELECT k.id FROM api_keys k JOIN api_key_secrets s ON s.api_key_id = k.id
   WHERE k.id = $1 AND s.id = $2 AND k.application_id = $3 AND k.environment = 'service' AND $4 = ANY (k.scopes)
     AND k.revoked_at IS NULL AND k.enabled AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
     AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())`;

const HOLDS_SECRET = `
  SELECT count(*) > 0 AS holds, ${BARRIER} FROM api_key_secrets
   WHERE id = $2 AND api_key_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`;

/**
 * Keys that are revoked in the transaction that deletes their application, at most: any number of them could take longer
 * than a statement may. `KeysOfDeletedApplications` revokes the others.
 */
const REVOKED_AT_ONCE = 500;

/**
 * Revokes keys, and returns those it has revoked. It locks them in the order of their ids, as everybody does who locks
 * several: two in opposite orders would deadlock.
 *
 * @param which a condition, and perhaps a limit of their number
 */
const revokeInOrder = (which: string, limit = ''): string => `
  WITH locked AS MATERIALIZED (
    SELECT id FROM api_keys WHERE ${which} AND revoked_at IS NULL ORDER BY id ${limit} FOR NO KEY UPDATE
  ), revoked AS (
    UPDATE api_keys SET revoked_at = $1, revoked_by_issuer = $2, revoked_by_subject = $3, version = version + 1
      FROM locked WHERE api_keys.id = locked.id
    RETURNING api_keys.id, api_keys.application_id, api_keys.environment, api_keys.revoked_at
  )
  SELECT coalesce(jsonb_agg(revoked), '[]') AS revoked, ${BARRIER} FROM revoked`;

const REVOKE_BY_ID = revokeInOrder('id = ANY ($4)');
const REVOKE_MADE_BY = revokeInOrder(
  'application_id = $4 AND created_by_issuer = $5 AND created_by_subject = $6',
  'LIMIT $7',
);

/** The first half of the advisory locks of imports; any number that nothing else uses. */
const IMPORT_LOCKS = 1_305_808_871;

@Injectable()
export class TypeOrmApiKeyRepository extends ApiKeyRepository {
  private readonly snapshots: Snapshots;
  private readonly inserts: BatchedApiKeyInserts;
  private readonly stored: StoredSecrets;
  private readonly many: ApiKeyBulkInsert;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly balances: CreditBalances,
    subscribers: EventSubscribers,
  ) {
    super();
    this.snapshots = new Snapshots(dataSource);
    this.inserts = new BatchedApiKeyInserts(dataSource, subscribers);
    this.stored = new StoredSecrets(poolOf(dataSource));
    this.many = new ApiKeyBulkInsert(dataSource);
  }

  insertBatched(
    key: ApiKey,
    limits: ApiKeyLimits,
    actor: Actor,
    policy: object | null = null,
  ): Promise<boolean> {
    return this.inserts.insert(key, limits, actor, policy);
  }

  async insert(key: ApiKey, limits: ApiKeyLimits, tx: Transaction): Promise<void> {
    const manager = managerOf(tx);
    if (key.applicationId !== null) {
      await reserveKeyQuota(manager, key.applicationId, 1, limits, key.createdAt);
    }
    await manager.insert<ObjectLiteral>(apiKeySchema, key);
    await manager.insert(apiKeySecretSchema, key.secrets);
    tx.record(eventsOf(key));
  }

  async isStored(key: ApiKey): Promise<boolean> {
    const stored = await Promise.all(key.secrets.map(({ hash }) => this.stored.isCommitted(hash)));
    return !stored.includes(false);
  }

  async import(
    applicationId: string,
    candidates: readonly { key: ApiKey; hashes: readonly Buffer[] }[],
    limits: ApiKeyLimits,
    now: Date,
    tx: Transaction,
  ): Promise<Set<string>> {
    const manager = managerOf(tx);
    // Imports of an application take turns: two of the same key must not both find it missing.
    await manager.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [IMPORT_LOCKS, applicationId]);
    const rows: { hash: Buffer }[] = await manager.query(
      'SELECT hash FROM api_key_secrets WHERE hash = ANY ($1) AND imported_for = $2',
      [candidates.flatMap(({ hashes }) => hashes), applicationId],
    );
    const seen = new Set(rows.map(({ hash }) => hash.toString('hex')));
    const keys = candidates.flatMap(({ key, hashes }) => {
      const names = hashes.map((hash) => hash.toString('hex'));
      if (names.some((name) => seen.has(name))) return [];
      // Named twice in one call, it is here already the second time.
      for (const name of names) seen.add(name);
      return [key];
    });
    await reserveKeyQuota(manager, applicationId, keys.length, limits, now);
    if (keys.length === 0) return new Set();
    await this.many.insert(keys, manager);
    expectProof(tx);
    tx.record(keys.flatMap((key) => eventsOf(key)));
    return new Set(keys.map((key) => key.id));
  }

  holdsSecret(hashes: readonly Buffer[]): Promise<boolean> {
    return this.stored.isDurable(hashes);
  }

  hasEndedSecret(secretId: string): Promise<boolean> {
    return this.stored.hasEnded(secretId);
  }

  async lockActingServiceKey(
    applicationId: string,
    scope: ServiceScope,
    tx: Transaction,
  ): Promise<'good' | 'busy' | 'ended'> {
    const manager = managerOf(tx);
    const { subject, tokenId } = tx.actor;
    const values = [subject, tokenId, applicationId, scope];
    const locked = await manager.query<unknown[]>(`${ACTING_SERVICE_KEY} FOR SHARE OF k SKIP LOCKED`, values);
    if (locked.length > 0) return 'good';
    return (await manager.query<unknown[]>(ACTING_SERVICE_KEY, values)).length > 0 ? 'busy' : 'ended';
  }

  async lockHolder(id: string, tx: Transaction): Promise<boolean> {
    const manager = managerOf(tx);
    // Whoever ends a secret locks the key, too; the secret is looked at in a snapshot that comes after.
    await manager.query('SELECT FROM api_keys WHERE id = $1 FOR NO KEY UPDATE', [id]);
    const [row] = await manager.query<{ holds: boolean }[]>(HOLDS_SECRET, [id, tx.actor.tokenId]);
    return row?.holds === true;
  }

  find(id: string, atLeast: number, secretId?: string): Promise<Dated<ApiKey | null>> {
    return this.snapshots.find(atLeast, async (snapshot) => {
      const keys = await managerOf(snapshot).findBy(apiKeySchema, { id });
      const [found = null] = await this.hydrate(keys, snapshot, secretId);
      return found;
    });
  }

  async reread(id: string, tx: Transaction): Promise<ApiKey> {
    const keys = await managerOf(tx).findBy(apiKeySchema, { id });
    const [key] = await this.hydrate(keys, tx);
    if (key === undefined) throw new Error('a key that was written is gone');
    return key;
  }

  findOutlines(ids: readonly string[], atLeast: number): Promise<Dated<KeyOutline[]>> {
    return this.snapshots.read(atLeast, (snapshot) =>
      outlinesOf(
        managerOf(snapshot)
          .createQueryBuilder(apiKeySchema, 'key')
          .where('key.id IN (:...ids)', { ids })
          .andWhere(`NOT (${IS_FOR_SERVICE})`),
      ),
    );
  }

  list(query: ApiKeyQuery, page: PageRequest, now: Date, atLeast: number): Promise<Dated<ApiKey[]>> {
    return this.snapshots.read(atLeast, (snapshot) => this.listIn(snapshot, query, page, now));
  }

  listOutlines(query: OutlineQuery, limit: number, now: Date, atLeast: number): Promise<Dated<KeyOutline[]>> {
    return this.snapshots.read(atLeast, (snapshot) =>
      outlinesOf(this.selection(snapshot, query, now).orderBy('key.id', 'DESC').limit(limit)),
    );
  }

  private async listIn(
    snapshot: Snapshot,
    query: ApiKeyQuery,
    page: PageRequest,
    now: Date,
  ): Promise<ApiKey[]> {
    const select = this.selection(snapshot, query, now);
    if (page.before !== undefined) select.andWhere('key.id < :before', { before: page.before });
    const keys = await select
      .orderBy('key.id', 'DESC')
      .limit(page.limit + 1)
      .getMany();
    return this.hydrate(keys, snapshot);
  }

  private selection(snapshot: Snapshot, query: ApiKeyQuery, now: Date): SelectQueryBuilder<ApiKey> {
    const select = this.ofApplication(managerOf(snapshot), query.applicationId);
    select.andWhere(query.forServices === true ? IS_FOR_SERVICE : `NOT (${IS_FOR_SERVICE})`);
    if (query.externalId !== undefined) {
      select.andWhere('key.externalId = :externalId', { externalId: query.externalId });
    }
    if (query.tag !== undefined) select.andWhere('key.tags @> ARRAY[:tag]::text[]', { tag: query.tag });
    if (query.notRevoked === true) select.andWhere('key.revokedAt IS NULL');
    if (query.status !== undefined) select.andWhere(HAS_STATUS[query.status], { now });
    return select;
  }

  async update(key: ApiKey, maxActive: number | undefined, tx: Transaction): Promise<void> {
    const manager = managerOf(tx);
    if (maxActive !== undefined && key.enabled) await reserveActivationQuota(manager, key, maxActive);
    const { affected } = await manager.update(
      apiKeySchema,
      { id: key.id, version: key.version, revokedAt: IsNull() },
      {
        name: key.name,
        scopes: key.scopes,
        metadata: json(key.metadata),
        enabled: key.enabled,
        expiresAt: key.expiresAt,
        externalId: key.externalId,
        tags: key.tags,
        ipAllowlist: key.ipAllowlist,
        rateLimits: json(key.rateLimits),
        metered: key.metered,
        version: key.version + 1,
      },
    );
    // The version guards the secrets too: they change only together with their key.
    if (affected !== 1) throw new OptimisticLockError();
    await writeSecrets(key.secrets, manager);
    expectProof(tx);
    tx.record(eventsOf(key));
  }

  async revokeAll(ids: readonly string[], now: Date, tx: Transaction): Promise<string[]> {
    const revoked = await this.revoke(REVOKE_BY_ID, [ids], now, tx);
    return revoked.map(({ id }) => id);
  }

  async revokeSomeMadeBy(
    { issuer, subject }: Subject,
    applicationId: string,
    limit: number,
    now: Date,
    tx: Transaction,
  ): Promise<number> {
    return (await this.revoke(REVOKE_MADE_BY, [applicationId, issuer, subject, limit], now, tx)).length;
  }

  async revokeAllOf(applicationId: string, now: Date, tx: Transaction): Promise<void> {
    // Who is about to issue a key is waited for, and whoever comes later finds the application deleted.
    await managerOf(tx).query('DELETE FROM application_key_counts WHERE application_id = $1', [
      applicationId,
    ]);
    await addPendingRevocations(applicationId, now, tx);
    await revokeSomePending(REVOKED_AT_ONCE, applicationId, tx);
  }

  private async revoke(
    statement: string,
    which: readonly unknown[],
    now: Date,
    tx: Transaction,
  ): Promise<RevokedKey[]> {
    const { issuer, subject } = tx.actor;
    // Also where nothing is left to revoke: what was found revoked is acknowledged, and has to stay.
    const rows = await managerOf(tx).query<{ revoked: RevokedKey[] }[]>(statement, [
      now,
      issuer,
      subject,
      ...which,
    ]);
    const revoked = rows[0]?.revoked ?? [];
    recordRevocations(revoked, tx);
    return revoked;
  }

  private ofApplication(manager: EntityManager, applicationId: string | null): SelectQueryBuilder<ApiKey> {
    const select = manager.createQueryBuilder(apiKeySchema, 'key');
    return applicationId === null
      ? select.where('key.applicationId IS NULL')
      : select.where('key.applicationId = :applicationId', { applicationId });
  }

  /** With the secrets that work and the one that is named, their credits, and when they were last used. */
  private async hydrate(keys: ApiKey[], snapshot: Snapshot, secretId?: string): Promise<ApiKey[]> {
    if (keys.length === 0) return keys;
    const manager = managerOf(snapshot);
    const ids = keys.map((key) => key.id);
    const metered = keys.filter((key) => key.metered).map((key) => key.id);
    // One after the other: they have one connection.
    const secrets = await readSecrets(ids, manager, secretId);
    const usage = await manager.findBy(apiKeyUsageSchema, { apiKeyId: In(ids) });
    const balances = metered.length === 0 ? null : await this.balances.findAll(metered, snapshot);
    return keys.map((key) => complete(key, secrets, usage, balances));
  }
}

/** The keys of a query, without the columns that may be large. */
async function outlinesOf(select: SelectQueryBuilder<ApiKey>): Promise<KeyOutline[]> {
  const keys = await select.select(['key.id', 'key.applicationId', 'key.revokedAt']).getMany();
  return keys.flatMap(({ id, applicationId, revokedAt }) =>
    applicationId === null ? [] : [{ id, applicationId, revokedAt }],
  );
}

function complete(
  key: ApiKey,
  secrets: ReadonlyMap<string, ApiKeySecret[]>,
  usage: readonly ApiKeyUsageRow[],
  balances: ReadonlyMap<string, Credits> | null,
): ApiKey {
  const lastUse = usage.find(({ apiKeyId }) => apiKeyId === key.id);
  return Object.assign(key, {
    secrets: secrets.get(key.id) ?? [],
    lastUsedAt: lastUse?.lastUsedAt ?? null,
    lastUsedFrom: lastUse?.lastUsedFrom ?? null,
    credits: balances?.get(key.id) ?? null,
  });
}

/** TypeORM's types require to know the fields inside a JSON column, which only its readers know. */
function json(value: Metadata | RateLimit[]): never {
  return value as never;
}
