import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Subject } from '../../../shared/subject.js';
import { SubjectDirectory } from '../../auth/index.js';
import type { Application } from '../domain/application.js';
import type { Member } from '../domain/member.js';
import { MemberRepository } from '../domain/member.repository.js';
import type { Role } from '../domain/role.js';
import { ApplicationDependants } from './application-dependants.js';

/**
 * Who has a part in an application. Every change may move its ownership, which verification answers, so each is
 * answered only once it holds everywhere.
 */
@Injectable()
export class MemberService {
  constructor(
    private readonly members: MemberRepository,
    private readonly directory: SubjectDirectory,
    private readonly dependants: ApplicationDependants,
    private readonly clock: Clock,
  ) {}

  async list(applicationId: string, query: { limit?: number; cursor?: string }): Promise<Page<Member>> {
    const filter = { members: applicationId };
    const page = readPage(query, filter);
    return toPage(await this.members.list(applicationId, page), page.limit, filter);
  }

  /** Throws what `Members.assign` and `SubjectDirectory.assertKnown` throw. */
  async assign(
    applicationId: string,
    who: Subject,
    role: Role,
    by: Subject,
  ): Promise<{ member: Member; isNew: boolean }> {
    await this.directory.assertKnown(who);
    const now = this.clock.now();
    const { value: assigned, change } = await this.members.change(applicationId, (members) => {
      const before = members.all.length;
      const member = members.assign(who, role, by, now);
      return { member, isNew: members.all.length > before };
    });
    await this.dependants.settle(change);
    return assigned;
  }

  /** Throws what `Members.remove` throws. */
  async remove(applicationId: string, who: Subject, by: Subject): Promise<void> {
    const now = this.clock.now();
    const { change } = await this.members.change(applicationId, (members) => {
      members.remove(who, by, now);
    });
    await this.dependants.settle(change);
  }

  /** Throws what `Members.transfer` and `SubjectDirectory.assertKnown` throw. */
  async transfer(applicationId: string, to: Subject, by: Subject): Promise<Application> {
    await this.directory.assertKnown(to);
    const now = this.clock.now();
    const { value: application, change } = await this.members.change(applicationId, (members) => {
      members.transfer(to, by, now);
      return members.application;
    });
    await this.dependants.settle(change);
    return application;
  }
}
