import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Actor, Caller } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import type { Committed } from '../../../shared/committed.js';
import { FairSemaphore } from '../../../shared/concurrency/fair-semaphore.js';
import { partyOf } from '../../../shared/concurrency/party-of.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork, unlessStale } from '../../../shared/unit-of-work.js';
import { SubjectDirectory } from '../../auth/index.js';
import { Freshness } from '../../freshness/index.js';
import { Application, applicationNotFound, type ApplicationChanges } from '../domain/application.js';
import type { KeyPolicy, KeyPolicyChanges } from '../domain/key-policy.js';
import { ApplicationQuotas } from '../domain/application-quotas.js';
import { ApplicationRepository, type ApplicationMembership } from '../domain/application.repository.js';
import { requirePermission, rolesWithPermission, type Part, type Permission } from '../domain/role.js';
import { ActingServiceKeys } from './acting-service-keys.js';
import { ApplicationDeletionHooks } from './application-deletion-hooks.js';

/** How often a change is tried again when another one came between. */
const CHANGE_ATTEMPTS = 5;

/**
 * What somebody creates is counted under a lock of theirs. Who waits for it in the database does so with a connection, and
 * all that came at once would leave none for anybody else.
 */
const CREATIONS = { running: 2, waiting: 100 };

@Injectable()
export class ApplicationService {
  private readonly creations = new FairSemaphore(CREATIONS, {
    detail: 'Too many applications are created at once: try again in a moment, one call after the other.',
    retryAfter: 1,
  });

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly applications: ApplicationRepository,
    private readonly deletionHooks: ApplicationDeletionHooks,
    private readonly serviceKeys: ActingServiceKeys,
    private readonly directory: SubjectDirectory,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
    private readonly quotas: ApplicationQuotas,
  ) {}

  /**
   * Throws `application_limit_reached`, `daily_application_limit_reached`, what `SubjectDirectory.keepActor` throws, and
   * `service_unavailable` when too many create at once.
   */
  async create(actor: Actor, props: ApplicationChanges & { name: string }): Promise<Application> {
    const now = this.clock.now();
    const application = Application.create(uuidv7(), actor, props, now);
    const { maxApplicationsPerOwner, maxApplicationsCreatedPerDay } = this.quotas;
    await this.creations.run(partyOf(actor, actor), () =>
      this.unitOfWork.run(actor, async (tx) => {
        await this.directory.keepActor(tx);
        await this.applications.assertMayOwn(application.id, maxApplicationsPerOwner, tx);
        await this.applications.assertMayCreate(maxApplicationsCreatedPerDay, now, tx);
        await this.applications.insert(application, tx);
      }),
    );
    return application;
  }

  /** The applications somebody is a member of; of a service key, its own. */
  async list(caller: Caller, query: { limit?: number; cursor?: string }): Promise<Page<Application>> {
    const filter = {};
    const page = readPage(query, filter);
    const { serviceOf } = caller;
    if (serviceOf === undefined) {
      const found = await this.freshness.read((atLeast) => this.applications.listOf(caller, page, atLeast));
      return toPage(found, page.limit, filter);
    }
    const own = serviceOf === null ? null : ((await this.find(serviceOf, caller))?.application ?? null);
    const isOnPage = own !== null && (page.before === undefined || own.id < page.before);
    return toPage(isOnPage ? [own] : [], page.limit, filter);
  }

  /**
   * The application, for somebody whose role in it meets the need; null when there is none, or it was deleted.
   * Sees every removal of a member, and every other role, that was answered before. Throws `not_application_owner`,
   * `insufficient_role`, and what `Freshness.read` throws.
   */
  async authorize(id: string, who: Caller, permission: Permission): Promise<Application | null> {
    const access = await this.find(id, who);
    if (access === null) return null;
    requirePermission(partOf(id, who, access), permission);
    return access.application;
  }

  /** Whether the part that somebody has in the application meets a need. Throws what `Freshness.read` throws. */
  async permits(id: string, who: Caller, permission: Permission): Promise<boolean> {
    const access = await this.find(id, who);
    const part = access && partOf(id, who, access);
    return part !== null && rolesWithPermission(permission).includes(part);
  }

  /**
   * The same for any member, who wants to leave. Who is none may repeat a call that could not wait: they are refused once
   * what it did holds everywhere.
   */
  authorizeLeaving(id: string, who: Caller): Promise<Application | null> {
    return this.freshness.waitBeforeRefusing('not_application_owner', this.authorize(id, who, 'read'));
  }

  private find(id: string, who: Caller): Promise<ApplicationMembership | null> {
    return this.freshness.read((atLeast) => this.applications.findFor(id, who, atLeast));
  }

  /**
   * The same for who acts in a transaction, and until it ends: somebody who takes the role away waits for that, and
   * once they were answered nothing more is changed by it. The same goes for a service key and its revocation. The last
   * thing to be done in a transaction. Throws `application_not_found`, `not_application_owner`, `insufficient_role` and
   * `invalid_service_key`.
   */
  async assertStillPermitted(id: string, permission: Permission, tx: Transaction): Promise<void> {
    if (tx.actor.serviceOf !== undefined) {
      const refusal = await this.serviceKeys.refusalOf(id, tx);
      if (refusal === null) {
        requirePermission('service', permission);
        return;
      }
      throw (await this.applications.find(id, tx)) === null ? applicationNotFound() : refusal;
    }
    const role = await this.applications.lockRole(id, tx);
    if (role === null && (await this.applications.find(id, tx)) === null) throw applicationNotFound();
    requirePermission(role, permission);
  }

  /**
   * What the application demands of its keys, until the transaction ends: whoever changes that waits for it, and once
   * they were answered no key is judged by the former policy. To be asked where `assertStillPermitted` is. Throws
   * `application_not_found`.
   */
  async lockPolicy(id: string, tx: Transaction): Promise<KeyPolicy> {
    const policy = await this.applications.lockPolicy(id, tx);
    if (policy === null) throw applicationNotFound();
    return policy;
  }

  /** Throws `application_not_found` when it was deleted meanwhile, `edit_conflict` when others keep changing it. */
  change(actor: Actor, application: Application, changes: ApplicationChanges): Promise<Application> {
    return this.retry(application, (current) => {
      current.change(changes, this.clock.now());
      return this.update(actor, current, 'manage-application');
    });
  }

  /**
   * The same for what it demands of its keys. Fields that are left out stay. Once it resolves, every key that is issued
   * or changed obeys it; those that there are already go on working.
   */
  changePolicy(actor: Actor, application: Application, changes: KeyPolicyChanges): Promise<Application> {
    return this.retry(application, (current) => {
      current.changePolicy(changes, this.clock.now());
      return this.update(actor, current, 'manage-policy', (tx) =>
        this.applications.awaitPolicyReaders(current.id, tx),
      );
    });
  }

  private async retry(
    application: Application,
    attemptOn: (current: Application) => Promise<Committed<Application>>,
  ): Promise<Application> {
    let current = application;
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      const updated = await unlessStale(attemptOn(current));
      if (updated !== null) return updated.value;
      current = await this.get(current.id);
    }
    throw new DomainError('edit_conflict', 'Others are changing this application: read it again and retry.');
  }

  private update(
    actor: Actor,
    application: Application,
    permission: Permission,
    then?: (tx: Transaction) => Promise<void>,
  ): Promise<Committed<Application>> {
    return this.unitOfWork.run(actor, async (tx) => {
      await this.applications.update(application, tx);
      await then?.(tx);
      // After the commit, what answers may know less, or somebody else's next change already.
      const written = await this.get(application.id, tx);
      await this.assertStillPermitted(application.id, permission, tx);
      return written;
    });
  }

  /** Throws `application_not_found`, also for a deleted one. */
  private async get(id: string, tx?: Transaction): Promise<Application> {
    const application = await this.applications.find(id, tx);
    if (application === null) throw applicationNotFound();
    return application;
  }

  /** Deletes it together with everything that other modules keep for it. */
  async delete(actor: Actor, application: Application): Promise<void> {
    const now = this.clock.now();
    const { id } = application;
    application.delete();
    const { value: isDeleted, change } = await this.unitOfWork.run(actor, async (tx) => {
      if (!(await this.applications.delete(application, now, tx))) return false;
      requirePermission(await this.applications.lockRole(id, tx), 'manage-application');
      await this.deletionHooks.onApplicationDeleted(id, now, tx);
      await this.applications.removeMembers(id, tx);
      return true;
    });
    await this.freshness.waitForPropagation(change);
    if (!isDeleted) throw applicationNotFound();
  }

  /**
   * Resolves when it is certain that there is no such application, and its deletion, if there was one, holds
   * everywhere. Throws `service_unavailable` when there is one after all: whoever said otherwise knew too little.
   */
  async confirmAbsence(id: string): Promise<void> {
    if (!(await this.applications.isGone(id))) {
      throw new DomainError('service_unavailable', 'Try again in a moment.', { retryAfter: 1 });
    }
    await this.freshness.waitForPropagation(null);
  }
}

function partOf(id: string, { serviceOf }: Caller, { role }: ApplicationMembership): Part | null {
  return serviceOf === id ? 'service' : role;
}
