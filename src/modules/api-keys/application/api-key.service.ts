import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { Clock } from '../../../shared/clock.js';
import type { ChangeProof, Committed } from '../../../shared/committed.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import { undeclared } from '../../../shared/key-scopes.js';
import { ApplicationService } from '../../applications/index.js';
import { Freshness } from '../../freshness/index.js';
import {
  IdempotencyService,
  type AnswerCodec,
  type Keep,
  type RepeatableCall,
} from '../../idempotency/index.js';
import { ApiKey, type ApiKeyChanges, type ApiKeySettings } from '../domain/api-key.js';
import type { KeyStatus } from '../../../shared/key-status.js';
import { ApiKeySecret } from '../domain/api-key-secret.js';
import { ApiKeyRepository, type Alongside } from '../domain/api-key.repository.js';
import { CreditBalances, type CreditChanges } from '../../metering/index.js';
import { generateKey } from '../domain/key-format.js';
import { KeyHasher } from '../domain/key-hasher.js';
import { PlaintextKey } from '../domain/plaintext-key.js';

/** How often a change is tried again when another one came between. */
const CHANGE_ATTEMPTS = 5;

/** Years that an expiry may lie ahead. */
const MAX_EXPIRY_YEARS = 10;

/** What the operator sets. */
export abstract class ApiKeyLimits {
  abstract readonly maxActiveKeysPerApplication: number;
}

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

const ISSUED_KEY: AnswerCodec<IssuedKey> = {
  write: ({ id, plaintext }) => `${id} ${plaintext.reveal()}`,
  read: (text) => {
    const [id = '', plaintext = ''] = text.split(' ');
    return { id, plaintext: new PlaintextKey(plaintext) };
  },
};

/**
 * What people do with keys. Who may is decided before it comes here. A change is answered when it holds on every node
 * (`Freshness.settle`); issuing need not wait, because nobody can have asked for the key before.
 */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly applications: ApplicationService,
    private readonly hasher: KeyHasher,
    private readonly limits: ApiKeyLimits,
    private readonly balances: CreditBalances,
    private readonly idempotency: IdempotencyService,
    private readonly clock: Clock,
    private readonly freshness: Freshness,
  ) {}

  /**
   * Throws `validation_failed` for an expiry out of range, `api_key_limit_reached`, `application_not_found`, and what
   * `IdempotencyService.once` throws.
   */
  issue(
    applicationId: string,
    settings: ApiKeySettings,
    by: Subject,
    call?: RepeatableCall,
  ): Promise<IssuedKey> {
    return this.once(call, (keep) => this.issueNow(applicationId, settings, by, keep));
  }

  /** What was answered before has to stay as what is answered now does: its first COMMIT may have been in doubt. */
  private async once(
    call: RepeatableCall | undefined,
    work: (keep: Keep<IssuedKey> | undefined) => Promise<IssuedKey>,
  ): Promise<IssuedKey> {
    let done: IssuedKey | undefined;
    const issued = await this.idempotency.once(call, ISSUED_KEY, async (keep) => (done = await work(keep)));
    if (issued === done) return issued;
    const hashes = this.hasher.candidates(issued.plaintext);
    if (await this.keys.holdsSecret(hashes)) return issued;
    throw new DomainError(
      'service_unavailable',
      'It is not certain that the key is stored. Repeat the call.',
      {
        retryAfter: 1,
      },
    );
  }

  private async issueNow(
    applicationId: string,
    settings: ApiKeySettings,
    by: Subject,
    keep: Keep<IssuedKey> | undefined,
  ): Promise<IssuedKey> {
    const now = this.clock.now();
    assertExpiry(settings.expiresAt, now);
    await assertDeclared(this.applications, applicationId, settings.scopes);
    const environment = settings.environment ?? 'live';
    const plaintext = generateKey(environment);
    const id = uuidv7();
    const secret = ApiKeySecret.create(uuidv7(), id, this.hasher.hash(plaintext), plaintext.hint, now);
    const key = ApiKey.issue(id, applicationId, { ...settings, environment }, secret, by, now);
    const issued = { id, plaintext };
    await this.keys.insert(key, this.limits.maxActiveKeysPerApplication, keeping(issued, keep));
    return issued;
  }

  async list(
    applicationId: string,
    query: KeyFilter & { limit?: number; cursor?: string },
  ): Promise<Page<ApiKey>> {
    const { limit: _limit, cursor: _cursor, ...restrictions } = query;
    const filter = { applicationId, ...restrictions };
    const page = readPage(query, filter);
    const rows = await this.keys.list(filter, page, this.clock.now());
    return toPage(rows, page.limit, filter);
  }

  /** With the secret that is named, though it has ended. Throws `api_key_not_found`. */
  async get(id: string, secretId?: string): Promise<ApiKey> {
    const key = await this.keys.find(id, secretId);
    if (key === null) throw apiKeyNotFound();
    return key;
  }

  /**
   * Throws `api_key_revoked`, `validation_failed`, `no_credits`, `api_key_limit_reached` for a key that would become
   * active, and `edit_conflict` when others keep changing it.
   */
  async change(key: ApiKey, changes: ApiKeyChanges): Promise<ApiKey> {
    assertExpiry(changes.expiresAt, this.clock.now());
    await assertDeclared(this.applications, key.applicationId, changes.scopes);
    let current = key;
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      current.change(changes);
      const updated = await this.keys.update(current, {
        first: this.puttingCredits(key.id, changes.credits),
        maxActive: mayActivate(changes) ? this.limits.maxActiveKeysPerApplication : undefined,
      });
      current = await this.get(current.id);
      if (updated !== null) {
        await this.freshness.settle(updated);
        return current;
      }
    }
    throw editConflict();
  }

  /** The balance is not the key's to write: it is spent from meanwhile. */
  private puttingCredits(id: string, credits: CreditChanges | null | undefined): Alongside | undefined {
    return credits === undefined ? undefined : (tx) => this.balances.put({ kind: 'key', id }, credits, tx);
  }

  /**
   * Gives the key another secret; its id, settings and history stay. Throws what `ApiKey.rotate` throws, and
   * `edit_conflict` when somebody else changed the key meanwhile: two who rotate at once must not end each other's
   * secret. Throws what `IdempotencyService.once` throws, too.
   */
  async rotate(key: ApiKey, rotation: Rotation, call?: RepeatableCall): Promise<IssuedKey> {
    let change: ChangeProof | null = null;
    const issued = await this.once(call, async (keep) => {
      const rotated = await this.rotateNow(key, rotation, keep);
      ({ change } = rotated);
      return rotated.value;
    });
    // A repeated call promises the same as the first, which may have ended before it could wait.
    await this.freshness.settle(change);
    return issued;
  }

  private async rotateNow(
    key: ApiKey,
    rotation: Rotation,
    keep: Keep<IssuedKey> | undefined,
  ): Promise<Committed<IssuedKey>> {
    const now = this.clock.now();
    const plaintext = generateKey(key.environment);
    const { overlapSeconds = 0, activateOnFirstUse = false } = rotation;
    const secret = ApiKeySecret.create(
      uuidv7(),
      key.id,
      this.hasher.hash(plaintext),
      plaintext.hint,
      key.timeOfNextSecret(now),
      activateOnFirstUse ? overlapSeconds : null,
    );
    key.rotate(secret, overlapSeconds, now);
    const issued = { id: key.id, plaintext };
    const change = await this.keys.update(key, { first: keeping(issued, keep) });
    if (change === null) throw editConflict();
    return { value: issued, change };
  }

  /** Ends one secret now. Throws what `ApiKey.endSecret` throws, and `edit_conflict`. */
  async endSecret({ id }: ApiKey, secretId: string): Promise<void> {
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      const current = await this.get(id, secretId);
      if (current.endSecret(secretId, this.clock.now())) {
        const change = await this.keys.update(current);
        if (change !== null) return this.freshness.settle(change);
      } else if (await this.keys.hasEndedSecret(secretId)) {
        // Also for one that somebody else has ended: 204 says that no node accepts it any more.
        return this.freshness.settle(null);
      }
    }
    throw editConflict();
  }

  /** Again and again with the same result: the key is revoked for good. */
  async revoke(key: ApiKey, by: Subject): Promise<void> {
    const change = await this.keys.revoke(key.id, by, this.clock.now());
    // Whether or not this call was the one that revoked it: 204 says that no node accepts the key any more.
    await this.freshness.settle(change);
  }
}

/** Whether a disabled or expired key may be active after them. */
function mayActivate({ enabled, expiresAt }: ApiKeyChanges): boolean {
  return enabled === true || expiresAt !== undefined;
}

function keeping(issued: IssuedKey, keep: Keep<IssuedKey> | undefined): Alongside | undefined {
  return keep && ((tx) => keep(issued, tx));
}

export function assertExpiry(expiresAt: Date | null | undefined, now: Date): void {
  if (expiresAt === undefined || expiresAt === null) return;
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + MAX_EXPIRY_YEARS);
  if (expiresAt > now && expiresAt <= latest) return;
  const message = `must lie in the future, at most ${MAX_EXPIRY_YEARS} years ahead`;
  throw new DomainError('validation_failed', `expiresAt ${message}.`, {
    errors: [{ field: 'expiresAt', message }],
  });
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

/** Throws `validation_failed` for scopes that the application does not declare, where it declares any. */
export async function assertDeclared(
  applications: ApplicationService,
  applicationId: string,
  scopes: readonly string[] = [],
): Promise<void> {
  if (scopes.length === 0) return;
  if (undeclared(scopes, await applications.declaredScopes(applicationId)).length === 0) return;
  const message = 'must be scopes that the application declares';
  throw new DomainError('validation_failed', `scopes ${message}.`, {
    errors: [{ field: 'scopes', message }],
  });
}
