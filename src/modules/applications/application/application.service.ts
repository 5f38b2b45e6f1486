import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import { Application, type ApplicationChanges } from '../domain/application.js';
import { ApplicationRepository } from '../domain/application.repository.js';
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

  async list(owner: Subject, query: { limit?: number; cursor?: string }): Promise<Page<Application>> {
    const filter = {};
    const page = readPage(query, filter);
    return toPage(await this.applications.listOwnedBy(owner, page), page.limit, filter);
  }

  /** Null for a deleted one too. */
  find(id: string): Promise<Application | null> {
    return this.applications.find(id);
  }

  /** Throws `application_not_found`, also for a deleted one. */
  async get(id: string): Promise<Application> {
    const application = await this.find(id);
    if (application === null) throw applicationNotFound();
    return application;
  }

  /** Throws `application_not_found` when it was deleted meanwhile, `edit_conflict` when others keep changing it. */
  async change(application: Application, changes: ApplicationChanges): Promise<Application> {
    let current = application;
    for (let attempt = 1; attempt <= CHANGE_ATTEMPTS; attempt++) {
      current.change(changes, this.clock.now());
      if (await this.applications.update(current)) return this.get(current.id);
      current = await this.get(current.id);
    }
    throw new DomainError('edit_conflict', 'Others are changing this application: read it again and retry.');
  }

  /** Deletes it together with everything that other modules keep for it. */
  async delete(application: Application, by: Subject): Promise<void> {
    const now = this.clock.now();
    const deleted = await this.applications.delete(application.id, now, (tx) =>
      this.dependants.endWith(application.id, by, now, tx),
    );
    if (!deleted) throw applicationNotFound();
    await this.dependants.settle();
  }
}

function applicationNotFound(): DomainError {
  return new DomainError(
    'application_not_found',
    'There is no application of this id: list yours with GET /applications.',
  );
}
