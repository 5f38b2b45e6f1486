import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { ApplicationService } from '../../applications/index.js';
import { Freshness } from '../../freshness/index.js';
import { ApiKeyRepository, type KeyOutline } from '../domain/api-key.repository.js';
import type { KeyFilter } from './api-key.service.js';

/** The maximum number of keys of one call. */
export const MAX_BULK_REVOCATION = 1000;

export const REVOCATION_OUTCOMES = ['revoked', 'already_revoked', 'not_found', 'forbidden'] as const;
export type RevocationOutcome = (typeof REVOCATION_OUTCOMES)[number];

export interface RevocationResult {
  id: string;
  outcome: RevocationOutcome;
}

export type RevocationSelection = { ids: readonly string[] } | { applicationId: string; filter: KeyFilter };

/** Revokes many keys at once: all in one statement, and answered when it holds for all of them on every node. */
@Injectable()
export class BulkRevocationService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly keys: ApiKeyRepository,
    private readonly applications: ApplicationService,
    private readonly clock: Clock,
    private readonly freshness: Freshness,
  ) {}

  /**
   * What became of each key: of those named, in their order, or of the newest 1,000 that fit the filter and are not
   * revoked yet. Throws, for a filter, what `ApplicationService.authorize` throws and `application_not_found`; and the
   * former for whoever lost the role meanwhile.
   */
  async revoke(actor: Actor, selection: RevocationSelection): Promise<RevocationResult[]> {
    const { outcomes, applicationIds } =
      'ids' in selection
        ? await this.judge(selection.ids, actor)
        : await this.select(selection.applicationId, selection.filter, actor);
    // Those that were found revoked too, which is to be acknowledged: the statement sees to it that it stays.
    const revocable = [...outcomes].filter(([, outcome]) => IS_REVOKED.has(outcome)).map(([id]) => id);
    const { value, change } = await this.unitOfWork.run(actor, async (tx) => {
      const revoked = await this.keys.revokeAll(revocable, this.clock.now(), tx);
      for (const id of applicationIds) await this.assertStillPermitted(id, tx);
      return revoked;
    });
    const revoked = new Set(value);
    await this.freshness.waitForPropagation(change);
    return [...outcomes].map(([id, outcome]) => ({
      id,
      // Somebody else may have revoked it since it was read.
      outcome: outcome === 'revoked' && !revoked.has(id) ? 'already_revoked' : outcome,
    }));
  }

  /** The keys of an application that was deleted meanwhile are revoked, as was asked for. */
  private async assertStillPermitted(applicationId: string, tx: Transaction): Promise<void> {
    try {
      await this.applications.assertStillPermitted(applicationId, 'manage-keys', tx);
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'application_not_found')) throw error;
    }
  }

  private async judge(ids: readonly string[], by: Subject): Promise<Judgement> {
    const keys = await this.freshness.read((atLeast) => this.keys.findOutlines(ids, atLeast));
    const found = new Map(keys.map((key) => [key.id, key]));
    const access = new Map<string, RevocationOutcome>();
    for (const { applicationId } of found.values()) {
      if (!access.has(applicationId)) access.set(applicationId, await this.accessTo(applicationId, by));
    }
    const outcomes = new Map(
      ids.map((id) => {
        const key = found.get(id);
        return [id, key === undefined ? 'not_found' : outcomeFor(key, access.get(key.applicationId))];
      }),
    );
    // In the order of their ids, as everybody takes their turn with the members of several.
    const applicationIds = [...access].flatMap(([id, outcome]) => (outcome === 'revoked' ? [id] : [])).sort();
    return { outcomes, applicationIds };
  }

  /** `revoked` where the caller may revoke. */
  private async accessTo(applicationId: string, by: Subject): Promise<RevocationOutcome> {
    try {
      const application = await this.applications.authorize(applicationId, by, 'manage-keys');
      return application === null ? 'not_found' : 'revoked';
    } catch (error) {
      if (error instanceof DomainError && REFUSALS.has(error.code)) return 'forbidden';
      throw error;
    }
  }

  private async select(applicationId: string, filter: KeyFilter, by: Subject): Promise<Judgement> {
    const application = await this.applications.authorize(applicationId, by, 'manage-keys');
    if (application === null) {
      throw new DomainError('application_not_found', 'There is no application of this id.');
    }
    const query = { ...filter, applicationId, notRevoked: true };
    const now = this.clock.now();
    const keys = await this.freshness.read((atLeast) =>
      this.keys.listOutlines(query, MAX_BULK_REVOCATION, now, atLeast),
    );
    const outcomes = new Map(keys.map((key) => [key.id, 'revoked' as const]));
    return { outcomes, applicationIds: [applicationId] };
  }
}

/** What is to become of each key, and the applications in which the caller may see to it. */
interface Judgement {
  readonly outcomes: ReadonlyMap<string, RevocationOutcome>;
  readonly applicationIds: readonly string[];
}

const IS_REVOKED = new Set<RevocationOutcome>(['revoked', 'already_revoked']);
const REFUSALS = new Set<string>(['not_application_owner', 'insufficient_role']);

function outcomeFor(key: KeyOutline, access: RevocationOutcome | undefined): RevocationOutcome {
  if (access !== 'revoked') return access ?? 'not_found';
  return key.revokedAt === null ? 'revoked' : 'already_revoked';
}
