import { DomainError, type ErrorCode } from '../../src/shared/domain-error.js';
import { eventsOf } from '../../src/shared/domain-event.js';
import type { PageRequest } from '../../src/shared/page.js';
import type { Subject } from '../../src/shared/subject.js';
import type { Transaction } from '../../src/shared/transaction.js';
import { OptimisticLockError } from '../../src/shared/unit-of-work.js';
import { ApiKeyService } from '../../src/modules/api-keys/application/api-key.service.js';
import { KeyImportService } from '../../src/modules/api-keys/application/key-import.service.js';
import { ApiKey, isHandedOut, type HandedOutKey } from '../../src/modules/api-keys/domain/api-key.js';
import {
  ApiKeyRepository,
  type ApiKeyQuery,
  type KeyOutline,
  type OutlineQuery,
} from '../../src/modules/api-keys/domain/api-key.repository.js';
import { ApiKeySecret } from '../../src/modules/api-keys/domain/api-key-secret.js';
import { KeyFormat } from '../../src/modules/api-keys/domain/key-format.js';
import { KeyHasher } from '../../src/modules/api-keys/domain/key-hasher.js';
import {
  DEFAULT_POLICY,
  type ApplicationService,
  type KeyPolicy,
} from '../../src/modules/applications/index.js';
import type { Dated } from '../../src/modules/freshness/index.js';
import { IdempotencyService } from '../../src/modules/idempotency/index.js';
import type { CreditBalances } from '../../src/modules/metering/index.js';
import { AnswerSeals } from '../../src/modules/idempotency/domain/answer-seal.js';
import { MemoryAnswers } from '../idempotency/memory-answers.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryFreshness, MemoryUnitOfWork } from '../support/memory-unit-of-work.js';

/** As a repository reads it: other objects each time. */
function copyOf(key: ApiKey): ApiKey {
  const secrets = key.secrets.map((secret) =>
    Object.assign(Object.create(ApiKeySecret.prototype) as ApiKeySecret, secret),
  );
  return Object.assign(Object.create(ApiKey.prototype) as ApiKey, key, { secrets });
}

function outlineOf({ id, applicationId, revokedAt }: HandedOutKey): KeyOutline {
  return { id, applicationId, revokedAt };
}

class MemoryApiKeys extends ApiKeyRepository {
  readonly rows = new Map<string, ApiKey>();
  /** Whether keys can be inserted without a transaction of their own. */
  takesBatches = true;
  /** Whether what was committed can be seen. */
  isCertain = true;
  /** Called before each change is written: for what others do in between. */
  meanwhile: () => void = () => undefined;
  actingServiceKey: 'good' | 'busy' | 'ended' = 'good';
  /** The scope that it was last asked for. */
  actingScope: string | undefined;
  holdsWorkingSecret = true;
  /** What the last change was told of the limit on active keys, and what the last list was asked for. */
  maxActive: number | undefined;
  listed: { query: ApiKeyQuery; page: PageRequest } | undefined;
  revokedOf: unknown[] = [];

  constructor(private readonly unitOfWork: MemoryUnitOfWork) {
    super();
  }

  insertBatched(key: ApiKey): Promise<boolean> {
    if (this.takesBatches) this.rows.set(key.id, copyOf(key));
    return Promise.resolve(this.takesBatches);
  }

  insert(key: ApiKey, _limits: unknown, tx: Transaction): Promise<void> {
    return this.write(key, tx);
  }

  isStored(key: ApiKey): Promise<boolean> {
    return Promise.resolve(this.isCertain && this.rows.has(key.id));
  }

  async import(
    _applicationId: string,
    candidates: readonly { key: ApiKey; hashes: readonly Buffer[] }[],
    _limits: unknown,
    _now: Date,
    tx: Transaction,
  ): Promise<Set<string>> {
    const known = (hash: Buffer): boolean => this.secrets().some((secret) => secret.hash.equals(hash));
    const added = candidates.filter(({ hashes }) => !hashes.some(known)).map(({ key }) => key);
    for (const key of added) await this.write(key, tx);
    return new Set(added.map(({ id }) => id));
  }

  holdsSecret(hashes: readonly Buffer[]): Promise<boolean> {
    const isKnown = this.secrets().some(({ hash }) => hashes.some((one) => one.equals(hash)));
    return Promise.resolve(this.isCertain && isKnown);
  }

  hasEndedSecret(secretId: string): Promise<boolean> {
    const secret = this.secrets().find(({ id }) => id === secretId);
    const key = this.rows.get(secret?.apiKeyId ?? '');
    return Promise.resolve(this.isCertain && (secret?.revokedAt ?? key?.revokedAt ?? null) !== null);
  }

  lockActingServiceKey(_applicationId: string, scope: string): Promise<'good' | 'busy' | 'ended'> {
    this.actingScope = scope;
    return Promise.resolve(this.actingServiceKey);
  }

  lockHolder(): Promise<boolean> {
    return Promise.resolve(this.holdsWorkingSecret);
  }

  find(id: string): Promise<Dated<ApiKey | null>> {
    const row = this.rows.get(id);
    return Promise.resolve({ value: row === undefined ? null : copyOf(row), asOf: 0 });
  }

  reread(id: string): Promise<ApiKey> {
    return Promise.resolve(copyOf(this.rows.get(id)!));
  }

  findOutlines(ids: readonly string[]): Promise<Dated<KeyOutline[]>> {
    const value = [...this.rows.values()]
      .filter(({ id }) => ids.includes(id))
      .filter(isHandedOut)
      .map(outlineOf);
    return Promise.resolve({ value, asOf: 0 });
  }

  list(query: ApiKeyQuery, page: PageRequest): Promise<Dated<ApiKey[]>> {
    this.listed = { query, page };
    const value = this.selected(query)
      .slice(0, page.limit + 1)
      .map(copyOf);
    return Promise.resolve({ value, asOf: 0 });
  }

  listOutlines(query: OutlineQuery, limit: number): Promise<Dated<KeyOutline[]>> {
    this.listed = { query, page: { limit } };
    const value = this.selected(query).filter(isHandedOut).slice(0, limit).map(outlineOf);
    return Promise.resolve({ value, asOf: 0 });
  }

  update(key: ApiKey, maxActive: number | undefined, tx: Transaction): Promise<void> {
    this.meanwhile();
    this.maxActive = maxActive;
    if (this.rows.get(key.id)?.version !== key.version) return Promise.reject(new OptimisticLockError());
    return this.write(Object.assign(copyOf(key), { version: key.version + 1 }), tx, key);
  }

  async revokeAll(ids: readonly string[], now: Date, tx: Transaction): Promise<string[]> {
    this.meanwhile();
    const revoked = ids.filter((id) => this.rows.get(id)?.revokedAt === null);
    for (const id of revoked) await this.write(revokedCopy(this.rows.get(id)!, now), tx);
    return revoked;
  }

  async revokeSomeMadeBy(
    { subject }: Subject,
    applicationId: string,
    limit: number,
    now: Date,
    tx: Transaction,
  ): Promise<number> {
    const ids = [...this.rows.values()]
      .filter((key) => key.createdBySubject === subject && key.applicationId === applicationId)
      .filter((key) => key.revokedAt === null)
      .map(({ id }) => id);
    return (await this.revokeAll(ids.slice(0, limit), now, tx)).length;
  }

  revokeAllOf(...call: unknown[]): Promise<void> {
    this.revokedOf = call;
    return Promise.resolve();
  }

  /** As somebody else changes it. */
  change(id: string, changes: Partial<ApiKey>): void {
    const row = this.rows.get(id)!;
    this.rows.set(id, Object.assign(copyOf(row), { version: row.version + 1 }, changes));
  }

  private selected(query: ApiKeyQuery): ApiKey[] {
    return [...this.rows.values()]
      .filter((key) => key.applicationId === query.applicationId)
      .filter((key) => key.isForService === (query.forServices ?? false))
      .filter((key) => key.revokedAt === null || query.notRevoked !== true);
  }

  private secrets(): ApiKeySecret[] {
    return [...this.rows.values()].flatMap(({ secrets }) => secrets);
  }

  private write(key: ApiKey, tx: Transaction, subject = key): Promise<void> {
    const before = this.rows.get(key.id);
    this.rows.set(key.id, copyOf(key));
    this.unitOfWork.wrote(() =>
      before === undefined ? this.rows.delete(key.id) : this.rows.set(key.id, before),
    );
    tx.record(eventsOf(subject));
    return Promise.resolve();
  }
}

export function revokedCopy(key: ApiKey, now: Date): ApiKey {
  return Object.assign(copyOf(key), { revokedAt: now, version: key.version + 1 });
}

/** Who may do what in the applications of a test: everybody everything, but for what it says otherwise. */
export class MemoryPermissions {
  /** By the id of the application, what is thrown; null for one that is not there. */
  readonly refusals = new Map<string, ErrorCode | null>();
  /** The same, found out by the end of the transaction. */
  readonly lateRefusals = new Map<string, ErrorCode>();
  readonly asked: string[] = [];
  /** Of every application. */
  policy: KeyPolicy = DEFAULT_POLICY;
  /** The same of some, or what is thrown when it is to be read. */
  readonly policies = new Map<string, KeyPolicy | ErrorCode>();
  /** The applications whose policy was read: it cannot be changed until what asked has ended. */
  readonly locked: string[] = [];

  authorize(id: string, _who: unknown, permission: string): Promise<object | null> {
    this.asked.push(`${permission} ${id}`);
    const refusal = this.refusals.get(id);
    if (refusal === null) return Promise.resolve(null);
    return refusal === undefined ? Promise.resolve({ id }) : Promise.reject(new DomainError(refusal, 'No.'));
  }

  assertStillPermitted(id: string, permission: string): Promise<void> {
    this.asked.push(`still ${permission} ${id}`);
    const refusal = this.lateRefusals.get(id);
    return refusal === undefined ? Promise.resolve() : Promise.reject(new DomainError(refusal, 'No.'));
  }

  lockPolicy(id: string): Promise<KeyPolicy> {
    this.locked.push(id);
    const policy = this.policies.get(id) ?? this.policy;
    return typeof policy === 'string'
      ? Promise.reject(new DomainError(policy, 'No.'))
      : Promise.resolve(policy);
  }

  asService(): ApplicationService {
    return this as unknown as ApplicationService;
  }
}

/** The services of keys, on repositories in memory. */
export class MemoryKeys {
  readonly clock = new FakeClock(new Date('2026-05-27T10:00:00.000Z'));
  readonly unitOfWork = new MemoryUnitOfWork();
  readonly freshness = new MemoryFreshness();
  readonly rows = new MemoryApiKeys(this.unitOfWork);
  readonly permissions = new MemoryPermissions();
  readonly format = new KeyFormat();
  readonly hasher = new KeyHasher([{ version: 1, key: Buffer.alloc(32, 1) }]);
  readonly limits = { maxActiveKeysPerApplication: 10, maxKeysIssuedPerDay: 100 };
  readonly answers = new MemoryAnswers(this.unitOfWork);
  /** The balances that were put, by whose they are. */
  readonly credits = new Map<string, unknown>();
  readonly keys: ApiKeyService;
  readonly imports: KeyImportService;

  constructor() {
    const balances: Pick<CreditBalances, 'put'> = {
      put: ({ kind, id }, credits) => {
        this.credits.set(`${kind} ${id}`, credits);
        return Promise.resolve();
      },
    };
    this.keys = new ApiKeyService(
      this.unitOfWork,
      this.rows,
      this.permissions.asService(),
      this.format,
      this.hasher,
      this.limits,
      balances as CreditBalances,
      new IdempotencyService(new AnswerSeals([{ version: 1, key: Buffer.alloc(32, 1) }]), this.answers),
      this.clock,
      this.freshness.asFreshness(),
    );
    this.imports = new KeyImportService(
      this.unitOfWork,
      this.rows,
      this.permissions.asService(),
      this.format,
      this.hasher,
      this.limits,
      this.clock,
      this.freshness.asFreshness(),
    );
  }

  /** The names of the events that were committed since the last time this was called. */
  events(): string[] {
    return this.unitOfWork.committed.splice(0).map(({ name }) => name);
  }
}
