import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { FairSemaphore } from '../../../shared/concurrency/fair-semaphore.js';
import { partyOf } from '../../../shared/concurrency/party-of.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import {
  ApplicationService,
  brokenRules,
  policyErrors,
  policyViolation,
  type KeyPolicy,
} from '../../applications/index.js';
import { Freshness } from '../../freshness/index.js';
import { ApiKey, type ApiKeySettings, type KeyApplication } from '../domain/api-key.js';
import { policyKeyOf } from './policy-key.js';
import { ApiKeySecret } from '../domain/api-key-secret.js';
import { ApiKeyLimits } from '../domain/api-key-limits.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';
import { importedHint } from '../domain/imported-key.js';
import { KeyFormat } from '../domain/key-format.js';
import { KeyHasher } from '../domain/key-hasher.js';

/** The maximum number of keys of one call. */
export const MAX_IMPORT = 1000;

/**
 * Imports take turns in the database, too. Whoever waits there does so with a connection, and all that came at once would
 * leave none for anybody else. Some seconds' worth of them wait here, a few of each person.
 */
const IMPORTS = { running: 1, waiting: 20, waitingOfOne: 10 };

/** Keys that are handled before the event loop serves other requests. */
const SLICE = 50;

export interface KeyToImport extends ApiKeySettings {
  /** SHA-256 of the plaintext: 32 bytes. */
  sha256: Buffer;
  /** The hint by which people recognise the key. */
  prefix: string;
}

/** Of the application that keys are imported into, what bounds them and who has it. */
type OwnedApplication = KeyApplication & { readonly owner: Subject };

export type ImportResult = { outcome: 'imported'; id: string } | { outcome: 'exists' | 'importable' };

/**
 * Takes over keys that were issued elsewhere, of which only the SHA-256 is known. What is kept is the HMAC of that
 * under the pepper, from the first moment: a fast hash by itself would be no protection for keys that were made with
 * less care than ours.
 */
@Injectable()
export class KeyImportService {
  private readonly semaphore = new FairSemaphore(IMPORTS, {
    detail: 'Too many imports at once: try again in a moment, one call after the other.',
    retryAfter: 5,
  });

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly keys: ApiKeyRepository,
    private readonly applications: ApplicationService,
    private readonly format: KeyFormat,
    private readonly hasher: KeyHasher,
    private readonly limits: ApiKeyLimits,
    private readonly clock: Clock,
    private readonly freshness: Freshness,
  ) {}

  /**
   * What became of each key, in their order; one that the application has already is left alone. What other applications
   * have is theirs, and says nothing: whoever has a key may have imported it before those who issued it. Throws
   * what `ApiKey.issue` and `ApplicationService.assertStillPermitted` throw, `policy_violation`, `api_key_limit_reached`,
   * `daily_key_limit_reached`, and `service_unavailable` when too many import at once, and imports nothing then.
   */
  async import(
    actor: Actor,
    application: OwnedApplication,
    keys: readonly KeyToImport[],
  ): Promise<ImportResult[]> {
    // A person waits for one import of each other, not for all of somebody's with many applications.
    const { value: results, change } = await this.semaphore.run(partyOf(actor, application.owner), async () =>
      this.unitOfWork.run(actor, await this.importing(actor, application, keys)),
    );
    // Nodes may remember that these keys are unknown.
    await this.freshness.waitForPropagation(change);
    return results;
  }

  /**
   * What would become of each key if it were imported now: `importable` or `exists`. Throws as `import` does. It is the
   * import itself, taken back: so nothing that would stop it is overlooked.
   */
  async preview(
    actor: Actor,
    application: OwnedApplication,
    keys: readonly KeyToImport[],
  ): Promise<ImportResult[]> {
    const results = await this.semaphore.run(partyOf(actor, application.owner), async () =>
      this.unitOfWork.rehearse(actor, await this.importing(actor, application, keys)),
    );
    return results.map(({ outcome }) => ({ outcome: outcome === 'exists' ? outcome : 'importable' }));
  }

  /** What has to be done in a transaction, ready but for that. */
  private async importing(
    actor: Actor,
    application: KeyApplication,
    keys: readonly KeyToImport[],
  ): Promise<(tx: Transaction) => Promise<ImportResult[]>> {
    this.assertForeign(keys);
    const now = this.clock.now();
    const candidates: { key: ApiKey; hashes: Buffer[] }[] = [];
    for (const [index, key] of keys.entries()) {
      // A thousand hashes are some work: others get their turn in between.
      if (index % SLICE === SLICE - 1) await setImmediate();
      const hashes = this.hasher.digestCandidates(key.sha256);
      candidates.push({ key: this.toKey(actor, application, key, now), hashes });
    }
    return async (tx) => {
      const imported = await this.keys.import(application.id, candidates, this.limits, now, tx);
      await this.applications.assertStillPermitted(application.id, 'manage-keys', tx);
      // Of those alone that are new: what the application has already is left as it is.
      const keysOfBody = candidates.map(({ key }) => (imported.has(key.id) ? key : null));
      assertObeying(await this.applications.lockPolicy(application.id, tx), keysOfBody);
      return candidates.map(({ key: { id } }): ImportResult =>
        imported.has(id) ? { outcome: 'imported', id } : { outcome: 'exists' },
      );
    };
  }

  /** Whatever begins as ours do is never looked for among the imported ones. */
  private assertForeign(keys: readonly KeyToImport[]): void {
    const index = keys.findIndex(({ prefix }) => this.format.isOurs(prefix));
    if (index === -1) return;
    const field = `keys.${index}.prefix`;
    const message = 'must not be one that keys begin with that are made here';
    throw new DomainError('validation_failed', `${field} ${message}.`, { errors: [{ field, message }] });
  }

  private toKey(actor: Actor, application: KeyApplication, imported: KeyToImport, now: Date): ApiKey {
    const { sha256, prefix, environment = 'live', ...settings } = imported;
    const id = uuidv7();
    const secret = ApiKeySecret.import(
      uuidv7(),
      { id, applicationId: application.id },
      this.hasher.hashDigest(sha256),
      importedHint(prefix),
      now,
    );
    return ApiKey.issue({
      id,
      application,
      settings: { ...settings, environment },
      secret,
      by: actor,
      now,
    });
  }
}

/** Errors that are told. Beyond these, more does not help. */
const MAX_ERRORS = 20;

/**
 * Throws `policy_violation`, which names the first keys that break a rule by their place.
 *
 * @param keys in their order in the body, null for one that there was already
 */
function assertObeying(policy: KeyPolicy, keys: readonly (ApiKey | null)[]): void {
  const broken = keys.map((key) => (key === null ? [] : brokenRules(policy, policyKeyOf(key))));
  const errors = broken.flatMap((rules, place) => policyErrors(policy, rules, `keys.${place}.`));
  if (errors.length > 0) throw policyViolation([...new Set(broken.flat())], errors.slice(0, MAX_ERRORS));
}
