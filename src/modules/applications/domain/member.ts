import type { Subject } from '../../../shared/subject.js';
import type { Role } from './role.js';

/** The membership of a person in an application. */
export class Member {
  private constructor(
    readonly id: string,
    readonly applicationId: string,
    readonly issuer: string,
    readonly subject: string,
    public role: Role,
    readonly createdAt: Date,
    public updatedAt: Date,
  ) {}

  static join(id: string, applicationId: string, who: Subject, role: Role, now: Date): Member {
    return new Member(id, applicationId, who.issuer, who.subject, role, now, now);
  }

  take(role: Role, now: Date): void {
    if (this.role === role) return;
    this.role = role;
    this.updatedAt = now;
  }
}
