import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import type { ChangeProof, Committed } from '../../../shared/committed.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork, unlessStale } from '../../../shared/unit-of-work.js';
import {
  ApplicationService,
  brokenRules,
  DEFAULT_POLICY,
  newlyBrokenRules,
  refuseBroken,
  refuseLongOverlap,
  type KeyPolicy,
  type Permission,
} from '../../applications/index.js';
import { Freshness } from '../../freshness/index.js';
import {
  IdempotencyService,
  type AnswerCodec,
  type StoreAnswer,
  type IdempotentRequest,
} from '../../idempotency/index.js';
import {
  ApiKey,
  isHandedOut,
  mayActivate,
  type ApiKeyChanges,
  type ApiKeySettings,
  type HandedOutKey,
  type KeyApplication,
  type KeyHolder,
} from '../domain/api-key.js';
import type { KeyStatus } from '../../../shared/key-status.js';
import { ApiKeySecret } from '../domain/api-key-secret.js';
import { ApiKeyLimits } from '../domain/api-key-limits.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';
import { policyKeyOf } from './policy-key.js';
import { CreditBalances, type CreditChanges } from '../../metering/index.js';
import { KeyFormat } from '../domain/key-format.js';
import { KeyHasher } from '../domain/key-hasher.js';
import { PlaintextKey } from '../domain/plaintext-key.js';

/** How often a change is tried again when another one came between. */
const CHANGE_ATTEMPTS = 5;

export interface KeyFilter {
  status?: KeyStatus;
  externalId?: string;
  tag?: string;
}

export interface Rotation {
  /** How long the older secrets go on working: 0 to 2,592,000, 0 when left out. */
  overlapSeconds?: number;
  /** Starts the overlap when the new secret is first verified, rather than now. */
  activateOnFirstUse?: boolean;
}

export interface IssuedKey {
  id: string;
  /** To be shown once. It is kept only for who asks again with the same `Idempotency-Key`, sealed by that. */
  plaintext: PlaintextKey;
}

/** Whom a new key belongs to, and the policy of it that was read last, by which a key may be issued without a second look. */
export type IssuingHolder = KeyHolder & { readonly storedPolicy?: KeyPolicy | null };

const ISSUED_KEY: AnswerCodec<IssuedKey> = {
  write: ({ id, plaintext }) => `${id} ${plaintext.reveal()}`,
  read: (text) => {
    const [id = '', plaintext = ''] = text.split(' ');
    return { id, plaintext: new PlaintextKey(plaintext) };
  },
};

/**
 * What people do with keys. Who may is decided before it comes here. A change is answered when it holds on every node
 * (`Freshness.waitForPropagation`); issuing need not wait, because nobody can have asked for the key before.
 */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly keys: ApiKeyRepository,
    private readonly applications: ApplicationService,
    private readonly format: KeyFormat,
    private readonly hasher: KeyHasher,
    private readonly limits: ApiKeyLimits,
    private readonly balances: CreditBalances,
    private readonly idempotency: IdempotencyService,
    private readonly clock: Clock,
    private readonly freshness: Freshness,
  ) {}

  /**
   * Throws what `ApiKey.issue` throws, `policy_violation`, `api_key_limit_reached`, `daily_key_limit_reached`, what
   * `ApplicationService.assertStillPermitted` throws, and what `IdempotencyService.once` throws.
   */
  issue(
    actor: Actor,
    application: IssuingHolder,
    settings: ApiKeySettings,
    call?: IdempotentRequest,
  ): Promise<IssuedKey> {
    return this.once(call, (keep) => this.issueNow(actor, application, settings, keep));
  }

  /** What was answered before has to stay as what is answered now does: its first COMMIT may have been in doubt. */
  private async once(
    call: IdempotentRequest | undefined,
    work: (keep: StoreAnswer<IssuedKey> | undefined) => Promise<IssuedKey>,
  ): Promise<IssuedKey> {
    let done: IssuedKey | undefined;
    const issued = await this.idempotency.once(call, ISSUED_KEY, async (keep) => (done = await work(keep)));
    if (issued === done) return issued;
    const hashes = this.hasher.candidates(issued.plaintext);
    if (await this.keys.holdsSecret(hashes)) return issued;
    throw notStored();
  }

  private async issueNow(
    actor: Actor,
    application: IssuingHolder,
    settings: ApiKeySettings,
    keep: StoreAnswer<IssuedKey> | undefined,
  ): Promise<IssuedKey> {
    const now = this.clock.now();
    const environment = settings.environment ?? 'live';
    const plaintext = this.format.generate(environment, this.hasher.tags);
    const id = uuidv7();
    const secret = ApiKeySecret.create(uuidv7(), id, this.hasher.hash(plaintext), plaintext.hint, now);
    const key = ApiKey.issue({
      id,
      application,
      settings: { ...settings, environment },
      secret,
      by: actor,
      now,
    });
    const issued = { id, plaintext };
    const { storedPolicy = null } = application;
    const obeys = brokenRules({ ...DEFAULT_POLICY, ...storedPolicy }, policyKeyOf(key)).length === 0;
    const isAllOfIt = keep === undefined && key.credits === null && obeys;
    if (!isAllOfIt || !(await this.keys.insertBatched(key, this.limits, actor, storedPolicy))) {
      await this.unitOfWork.run(actor, (tx) => this.insert(key, (within) => keep?.(issued, within), tx));
    }
    // Before it is acknowledged, another transaction has to see it.
    if (!(await this.keys.isStored(key))) throw notStored();
    return issued;
  }

  private async insert(
    key: ApiKey,
    first: (tx: Transaction) => Promise<void> | undefined,
    tx: Transaction,
  ): Promise<void> {
    await first(tx);
    await this.keys.insert(key, this.limits, tx);
    if (key.credits !== null) await this.putCredits(key, key.credits, tx);
    await this.assertStillPermitted(key, tx);
    const judge = (policy: KeyPolicy): void => {
      refuseBroken(policy, brokenRules(policy, policyKeyOf(key)));
    };
    await this.assertPolicy(key, judge, tx);
  }

  private async putCredits(key: ApiKey, credits: CreditChanges | null, tx: Transaction): Promise<void> {
    if (!isHandedOut(key)) return;
    const { id, applicationId } = key;
    await this.balances.put({ kind: 'key', id, applicationId }, credits, tx);
  }

  /** Nobody has a role in the platform: only the operator's own command comes here with a key of it. */
  private async assertStillPermitted(
    { applicationId, isForService }: ApiKey,
    tx: Transaction,
  ): Promise<void> {
    if (applicationId === null) return;
    const permission: Permission = isForService ? 'manage-service-keys' : 'manage-keys';
    await this.applications.assertStillPermitted(applicationId, permission, tx);
  }

  /** The platform demands nothing of its keys. */
  private async assertPolicy(
    { applicationId }: ApiKey,
    judge: (policy: KeyPolicy) => void,
    tx: Transaction,
  ): Promise<void> {
    if (applicationId !== null) judge(await this.applications.lockPolicy(applicationId, tx));
  }

  async list(
    applicationId: string,
    query: KeyFilter & { limit?: number; cursor?: string },
  ): Promise<Page<HandedOutKey>> {
    const { limit: _limit, cursor: _cursor, ...restrictions } = query;
    const filter = { applicationId, ...restrictions };
    const page = readPage(query, filter);
    const now = this.clock.now();
    const rows = await this.freshness.read((atLeast) => this.keys.list(filter, page, now, atLeast));
    return toPage(rows.filter(isHandedOut), page.limit, filter, sizeOf);
  }

  /** Throws `api_key_not_found`, also for a service key, which is managed elsewhere. */
  async get(id: string): Promise<HandedOutKey> {
    const key = await this.read(id);
    if (!isHandedOut(key)) throw apiKeyNotFound();
    return key;
  }

  /** With the secret that is named, though it has ended. */
  private async read(id: string, secretId?: string): Promise<ApiKey> {
    const key = await this.freshness.read((atLeast) => this.keys.find(id, atLeast, secretId));
    if (key === null) throw apiKeyNotFound();
    return key;
  }

  /**
   * Throws what `ApiKey.change` throws, `policy_violation` for what breaks a rule that was obeyed before, `no_credits`,
   * `api_key_limit_reached` for a key that would become active, and
   * `edit_conflict` when others keep changing it.
   */
  async change<Key extends ApiKey>(
    actor: Actor,
    application: Pick<KeyApplication, 'scopes'>,
    key: Key,
    changes: ApiKeyChanges,
  ): Promise<Key> {
    const { credits } = changes;
    const maxActive = mayActivate(changes) ? this.limits.maxActiveKeysPerApplication : undefined;
    let current = key;
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      const before = policyKeyOf(current);
      current.change(changes, application, this.clock.now());
      const after = policyKeyOf(current);
      const committed = await this.commit(actor, current, async (tx) => {
        await this.keys.update(current, maxActive, tx);
        // The balance is not the key's to write: it is spent from meanwhile.
        if (credits !== undefined) await this.putCredits(current, credits, tx);
        if (mayBreakPolicy(changes)) {
          const judge = (policy: KeyPolicy): void => {
            refuseBroken(policy, newlyBrokenRules(policy, before, after));
          };
          await this.assertPolicy(current, judge, tx);
        }
        // After the commit, what answers may know less, or somebody else's next change already.
        return this.keys.reread(key.id, tx);
      });
      if (committed !== null) {
        await this.freshness.waitForPropagation(committed.change);
        // What a key is never changes.
        return committed.value as Key;
      }
      current = (await this.read(key.id)) as Key;
    }
    throw editConflict();
  }

  /** Returns the proof of the change; null, and changes nothing, when somebody else came first. */
  private async save(
    actor: Actor,
    key: ApiKey,
    write: (tx: Transaction) => Promise<void>,
  ): Promise<ChangeProof | null> {
    const committed = await this.commit(actor, key, write);
    return committed?.change ?? null;
  }

  /** Returns what was done; null, and does nothing, when somebody else came first. */
  private commit<T>(
    actor: Actor,
    key: ApiKey,
    write: (tx: Transaction) => Promise<T>,
  ): Promise<Committed<T> | null> {
    return unlessStale(
      this.unitOfWork.run(actor, async (tx) => {
        const value = await write(tx);
        await this.assertStillPermitted(key, tx);
        return value;
      }),
    );
  }

  /**
   * Gives the key another secret; its id, settings and history stay. A key that breaks the policy is rotated all the
   * same. Throws what `ApiKey.rotate` throws, `policy_violation` for too long an overlap, and
   * `edit_conflict` when somebody else changed the key meanwhile: two who rotate at once must not end each other's
   * secret. Throws what `IdempotencyService.once` throws, too.
   */
  async rotate(actor: Actor, key: ApiKey, rotation: Rotation, call?: IdempotentRequest): Promise<IssuedKey> {
    let change: ChangeProof | null = null;
    const issued = await this.once(call, async (keep) => {
      const now = this.clock.now();
      const { secret, plaintext } = this.nextSecret(key, rotation, now);
      key.rotate(secret, rotation.overlapSeconds ?? 0, now);
      const answer = { id: key.id, plaintext };
      change = await this.save(actor, key, async (tx) => {
        await keep?.(answer, tx);
        await this.keys.update(key, undefined, tx);
        const { overlapSeconds = 0 } = rotation;
        if (overlapSeconds > 0) {
          const judge = (policy: KeyPolicy): void => {
            refuseLongOverlap(policy, overlapSeconds);
          };
          await this.assertPolicy(key, judge, tx);
        }
      });
      if (change === null) throw editConflict();
      return answer;
    });
    // A repeated call promises the same as the first, which may have ended before it could wait.
    await this.freshness.waitForPropagation(change);
    return issued;
  }

  private nextSecret(
    key: ApiKey,
    { overlapSeconds = 0, activateOnFirstUse = false }: Rotation,
    now: Date,
  ): { secret: ApiKeySecret; plaintext: PlaintextKey } {
    const plaintext = this.format.generate(key.environment, this.hasher.tags);
    const secret = ApiKeySecret.create(
      uuidv7(),
      key.id,
      this.hasher.hash(plaintext),
      plaintext.hint,
      key.timeOfNextSecret(now),
      activateOnFirstUse ? overlapSeconds : null,
    );
    return { secret, plaintext };
  }

  /** Ends one secret now. Throws what `ApiKey.endSecret` throws, and `edit_conflict`. */
  async endSecret(actor: Actor, { id }: ApiKey, secretId: string): Promise<void> {
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      const current = await this.read(id, secretId);
      if (current.endSecret(secretId, this.clock.now())) {
        const change = await this.save(actor, current, (tx) => this.keys.update(current, undefined, tx));
        if (change !== null) return this.freshness.waitForPropagation(change);
      } else if (await this.keys.hasEndedSecret(secretId)) {
        // Also for one that somebody else has ended: 204 says that no node accepts it any more.
        return this.freshness.waitForPropagation(null);
      }
    }
    throw editConflict();
  }

  /** Again and again with the same result: the key is revoked for good. */
  async revoke(actor: Actor, key: ApiKey): Promise<void> {
    const now = this.clock.now();
    const change = await this.save(actor, key, async (tx) => {
      await this.keys.revokeAll([key.id], now, tx);
    });
    // Whether or not this call was the one that revoked it: 204 says that no node accepts the key any more.
    await this.freshness.waitForPropagation(change);
  }

  /**
   * The same for who holds one of its secrets, which the actor names: if that does not work any more there is nothing
   * to be done, since no node accepts what they hold.
   */
  async giveUp(actor: Actor, id: string): Promise<void> {
    const now = this.clock.now();
    const { change } = await this.unitOfWork.run(actor, async (tx) => {
      if (await this.keys.lockHolder(id, tx)) await this.keys.revokeAll([id], now, tx);
    });
    await this.freshness.waitForPropagation(change);
  }
}

/** Whether a policy has anything to say about a change. */
function mayBreakPolicy({ scopes, expiresAt, ipAllowlist, enabled }: ApiKeyChanges): boolean {
  return scopes !== undefined || expiresAt !== undefined || ipAllowlist !== undefined || enabled === true;
}

/** Characters of what people wrote into a key. */
function sizeOf({ scopes, metadata, tags, ipAllowlist }: ApiKey): number {
  return JSON.stringify([scopes, metadata, tags, ipAllowlist]).length;
}

function editConflict(): DomainError {
  return new DomainError('edit_conflict', 'Others are changing this key: read it again and retry.');
}

export function apiKeyNotFound(): DomainError {
  return new DomainError(
    'api_key_not_found',
    'There is no key of this id: list the keys of an application with GET /apikey?ApplicationId={id}.',
  );
}

function notStored(): DomainError {
  const detail = 'It is not certain that the key is stored. Repeat the call.';
  return new DomainError('service_unavailable', detail, { retryAfter: 1 });
}
