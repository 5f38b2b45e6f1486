import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import { Application, applicationNotFound, type ApplicationChanges } from '../domain/application.js';
import { ApplicationRepository } from '../domain/application.repository.js';
import { assertMeets, type Need } from '../domain/role.js';
import { ApplicationDependants } from './application-dependants.js';

/** How often a change is tried again when another one came between. */
const CHANGE_ATTEMPTS = 5;

@Injectable()
export class ApplicationService {
  constructor(
    private readonly applications: ApplicationRepository,
    private readonly dependants: ApplicationDependants,
    private readonly clock: Clock,
  ) {}

  async create(owner: Subject, props: ApplicationChanges & { name: string }): Promise<Application> {
    const application = Application.create(uuidv7(), owner, props, this.clock.now());
    await this.applications.insert(application);
    return application;
  }

  /** The applications somebody is a member of. */
  async list(member: Subject, query: { limit?: number; cursor?: string }): Promise<Page<Application>> {
    const filter = {};
    const page = readPage(query, filter);
    return toPage(await this.applications.listOf(member, page), page.limit, filter);
  }

  /**
   * The application, for somebody whose role in it meets the need; null when there is none, or it was deleted.
   * Throws `not_application_owner` and `insufficient_role`.
   */
  async authorize(id: string, who: Subject, need: Need): Promise<Application | null> {
    const access = await this.applications.findFor(id, who);
    if (access === null) return null;
    assertMeets(access.role, need);
    return access.application;
  }

  /** Throws `application_not_found` when it was deleted meanwhile, `edit_conflict` when others keep changing it. */
  async change(application: Application, changes: ApplicationChanges): Promise<Application> {
    let current = application;
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      current.change(changes, this.clock.now());
      const isUpdated = await this.applications.update(current);
      current = await this.get(current.id);
      if (isUpdated) return current;
    }
    throw new DomainError('edit_conflict', 'Others are changing this application: read it again and retry.');
  }

  /** The scopes that the keys of an application may have; null for any. Throws `application_not_found`. */
  async declaredScopes(id: string): Promise<string[] | null> {
    return (await this.get(id)).scopes;
  }

  /** Throws `application_not_found`, also for a deleted one. */
  private async get(id: string): Promise<Application> {
    const application = await this.applications.find(id);
    if (application === null) throw applicationNotFound();
    return application;
  }

  /** Deletes it together with everything that other modules keep for it. */
  async delete(application: Application, by: Subject): Promise<void> {
    const now = this.clock.now();
    const { value: deleted, change } = await this.applications.delete(application.id, now, (tx) =>
      this.dependants.endWith(application.id, by, now, tx),
    );
    await this.dependants.settle(change);
    if (!deleted) throw applicationNotFound();
  }

  /**
   * Resolves when it is certain that there is no such application, and its deletion, if there was one, holds
   * everywhere. Throws `service_unavailable` when there is one after all: whoever said otherwise knew too little.
   */
  async confirmAbsence(id: string): Promise<void> {
    if (!(await this.applications.isGone(id))) {
      throw new DomainError('service_unavailable', 'Try again in a moment.', { retryAfter: 1 });
    }
    await this.dependants.settle(null);
  }
}
