import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import type { ChangeProof } from '../../../shared/committed.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { DomainEvent } from '../../../shared/domain-event.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { ApplicationService, type OnLeak } from '../../applications/index.js';
import { Freshness } from '../../freshness/index.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';
import { KeyHasher, sha256Of } from '../domain/key-hasher.js';
import { LeakedSecrets, type LockedSecret } from '../domain/leaked-secrets.js';
import type { PlaintextKey } from '../domain/plaintext-key.js';

/** A secret that somebody has found. */
export interface Leak {
  readonly secretId: string;
  /** Whose key it is; null for a service key of the platform. */
  readonly applicationId: string | null;
  /** Where it was found, at most 500 characters; null when nobody says. */
  readonly from: string | null;
}

/** Who has said so. */
export type LeakReporter = 'anybody' | 'github';

/** Runs work when it is its turn. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Of keys that no policy stands behind: those of the platform, and those of an application that is being deleted. */
const WITHOUT_POLICY: OnLeak = 'revoke';

/** What becomes of keys that were found where others can read them: what the policy of their application says. */
@Injectable()
export class LeakedKeys {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly keys: ApiKeyRepository,
    private readonly secrets: LeakedSecrets,
    private readonly applications: ApplicationService,
    private readonly hasher: KeyHasher,
    private readonly clock: Clock,
    private readonly freshness: Freshness,
  ) {}

  /** The secrets of keys that were made elsewhere, by their hashes alone: of every application that has imported them. */
  async findImported(
    keys: readonly PlaintextKey[],
  ): Promise<{ key: PlaintextKey; secretId: string; applicationId: string }[]> {
    if (keys.length === 0) return [];
    const byHash = new Map(
      keys.flatMap((key) =>
        this.hasher.digestCandidates(sha256Of(key)).map((hash) => [hash.toString('hex'), key]),
      ),
    );
    const hashes = [...byHash.keys()].map((hash) => Buffer.from(hash, 'hex'));
    const found = await this.freshness.read((atLeast) => this.secrets.findImported(hashes, atLeast));
    return found.flatMap(({ hash, secretId, applicationId }) => {
      const key = byHash.get(hash.toString('hex'));
      return key === undefined ? [] : [{ key, secretId, applicationId }];
    });
  }

  /**
   * Resolves when what is done holds on every node; again and again with the same result. A secret that has ended, or whose
   * key is revoked, is left as it is. It waits alike whether there is anything to be done or not, so that whoever
   * reports a key is not told by the time that it takes.
   *
   * @param inTurn runs what takes a connection of the database: of each application by itself, of which there may be many
   */
  async report(
    actor: Actor,
    leaks: readonly Leak[],
    by: LeakReporter,
    inTurn: InTurn = (work) => work(),
  ): Promise<void> {
    const groups = new Map<string | null, Leak[]>();
    for (const leak of leaks) {
      const group = groups.get(leak.applicationId);
      if (group === undefined) groups.set(leak.applicationId, [leak]);
      else group.push(leak);
    }
    if (groups.size === 0) groups.set(null, []);
    const changes: ChangeProof[] = [];
    // One after the other: an application does not wait for the keys of another one.
    for (const [applicationId, group] of groups) {
      const { change } = await inTurn(() =>
        this.unitOfWork.run(actor, (tx) => this.act(applicationId, group, by, tx)),
      );
      if (change !== null) changes.push(change);
    }
    // Each of them has to be seen. They share their looks, so that it takes no longer than it does for one.
    const awaited = changes.length > 0 ? changes : [null];
    await Promise.all(awaited.map((change) => this.freshness.waitForPropagation(change)));
  }

  private async act(
    applicationId: string | null,
    leaks: readonly Leak[],
    by: LeakReporter,
    tx: Transaction,
  ): Promise<void> {
    const secrets = await this.secrets.lockSecrets(
      leaks.map(({ secretId }) => secretId),
      tx,
    );
    if (secrets.length === 0) return;
    const now = this.clock.now();
    const onLeak = await this.policyOf(applicationId, tx);
    const ids = [...new Set(secrets.map(({ keyId }) => keyId))];
    const marked = new Set(
      await this.secrets.markLeaked(
        leaks.filter(({ secretId }) => secrets.some((secret) => secret.secretId === secretId)),
        now,
        tx,
      ),
    );
    const disabled = new Set(onLeak === 'disable' ? await this.secrets.disableAll(ids, tx) : []);
    const happened = secrets.filter(
      ({ secretId, keyId }) => onLeak === 'revoke' || marked.has(secretId) || disabled.has(keyId),
    );
    tx.record(
      happened.map((secret) => {
        const { from = null } = leaks.find(({ secretId }) => secretId === secret.secretId) ?? {};
        return eventOf(applicationId, secret, {
          by,
          onLeak,
          leak: { leakedAt: now, leakedFrom: from },
          wasDisabled: disabled.has(secret.keyId),
        });
      }),
    );
    if (onLeak === 'revoke') await this.keys.revokeAll(ids, now, tx);
  }

  private async policyOf(applicationId: string | null, tx: Transaction): Promise<OnLeak> {
    if (applicationId === null) return WITHOUT_POLICY;
    try {
      return (await this.applications.lockPolicy(applicationId, tx)).onLeak;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'application_not_found') return WITHOUT_POLICY;
      throw error;
    }
  }
}

function eventOf(
  applicationId: string | null,
  { keyId, secretId, hint, isForService }: LockedSecret,
  {
    by,
    onLeak,
    leak,
    wasDisabled,
  }: {
    by: LeakReporter;
    onLeak: OnLeak;
    leak: { leakedAt: Date; leakedFrom: string | null };
    wasDisabled: boolean;
  },
): DomainEvent {
  return {
    name: isForService ? 'ServiceKeyLeaked' : 'ApiKeyLeaked',
    applicationId,
    target: { kind: isForService ? 'service_key' : 'api_key', id: keyId },
    before: wasDisabled ? { enabled: true } : null,
    after: { secretId, hint, ...leak, reportedBy: by, onLeak, ...(wasDisabled && { enabled: false }) },
  };
}
