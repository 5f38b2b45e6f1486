import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { FairSemaphore } from '../../../shared/concurrency/fair-semaphore.js';
import { partyOf } from '../../../shared/concurrency/party-of.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import {
  ApplicationService,
  type Application,
  type KeyPolicy,
  type KeyPolicyChanges,
} from '../../applications/index.js';
import { Freshness } from '../../freshness/index.js';
import { FINDING_NAMES, type FindingName } from '../domain/finding.js';
import {
  HygieneRecords,
  type FoundKey,
  type FoundKeys,
  type FoundWebhook,
  type Hygiene,
  type KeysToRead,
} from './hygiene-records.js';

/**
 * To look at all keys of a large application takes the database a second, and all that came at once would leave no
 * connection for anybody else. Some seconds' worth of them wait here, a few of each person.
 */
const READINGS = { running: 1, waiting: 20, waitingOfOne: 10 };

/** Keys that are named of each finding. */
const EXAMPLES = 5;

/** Keys that are named when a policy is changed. */
const VIOLATIONS = 20;

/** What is to be done about the keys of an application. */
@Injectable()
export class HygieneService {
  private readonly semaphore = new FairSemaphore(READINGS, {
    detail: 'Too many look at the keys of applications at once: try again in a moment.',
    retryAfter: 5,
  });

  constructor(
    private readonly records: HygieneRecords,
    private readonly applications: ApplicationService,
    private readonly freshness: Freshness,
  ) {}

  /** Throws `service_unavailable` when too many read at once. */
  summarize(actor: Actor, application: Application): Promise<Hygiene> {
    return this.read(actor, application, FINDING_NAMES, EXAMPLES);
  }

  /** The webhooks whose makers have left; none for whom they are not listed. */
  async webhooksOfLeavers(actor: Actor, { id }: Application): Promise<FoundWebhook[]> {
    if (!(await this.applications.permits(id, actor, 'manage-webhooks'))) return [];
    return this.freshness.read((atLeast) => this.records.webhooksOfLeavers(id, atLeast));
  }

  /** The keys of one finding, newest first. Throws `invalid_cursor`, and what `summarize` throws. */
  async list(
    actor: Actor,
    application: Application,
    finding: FindingName,
    query: { limit?: number; cursor?: string },
  ): Promise<Page<FoundKey>> {
    const filter = { hygiene: application.id, finding };
    const page = readPage(query, filter);
    const which = await this.keysFor(actor, application);
    const keys = await this.semaphore.run(partyOf(actor, application.owner), () =>
      this.freshness.read((atLeast) => this.records.list(which, finding, page, atLeast)),
    );
    return toPage(keys, page.limit, filter);
  }

  /**
   * Changes the policy, and says which keys break it now; they go on working. Keys that were issued meanwhile obey it.
   * Throws what `ApplicationService.changePolicy` throws, and `service_unavailable` when too many look at keys at once: the
   * change holds then, and the call may be repeated.
   */
  async changePolicy(
    actor: Actor,
    application: Application,
    changes: KeyPolicyChanges,
  ): Promise<{ policy: KeyPolicy; violations: FoundKeys }> {
    const changed = await this.applications.changePolicy(actor, application, changes);
    const { findings } = await this.read(actor, changed, ['policy_violation'], VIOLATIONS);
    return { policy: changed.policy, violations: findings.policy_violation };
  }

  private async read(
    actor: Actor,
    application: Application,
    findings: readonly FindingName[],
    examples: number,
  ): Promise<Hygiene> {
    const which = await this.keysFor(actor, application);
    return this.semaphore.run(partyOf(actor, application.owner), () =>
      this.freshness.read((atLeast) => this.records.summarize(which, findings, examples, atLeast)),
    );
  }

  /** Of service keys nothing is said to whom they are not listed either. */
  private async keysFor(actor: Actor, { id, policy }: Application): Promise<KeysToRead> {
    const ofServiceKeys = await this.applications.permits(id, actor, 'manage-service-keys');
    return { applicationId: id, policy, ofServiceKeys };
  }
}
