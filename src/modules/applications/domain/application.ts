import { DomainError } from '../../../shared/domain-error.js';
import { isSameSubject, type Subject } from '../../../shared/subject.js';

export const APPLICATION_ENVIRONMENTS = ['production', 'staging', 'development'] as const;
export type ApplicationEnvironment = (typeof APPLICATION_ENVIRONMENTS)[number];

export interface ApplicationChanges {
  name?: string;
  description?: string | null;
  environment?: ApplicationEnvironment;
  scopes?: string[] | null;
}

/** What keys belong to: a service somebody owns. */
export class Application {
  private constructor(
    readonly id: string,
    public name: string,
    public description: string | null,
    public environment: ApplicationEnvironment,
    /** Whom verification names as the owner. There may be further owners among the members. */
    public ownerIssuer: string,
    public ownerSubject: string,
    readonly createdAt: Date,
    public updatedAt: Date,
    /** A deleted application keeps its row, so that its revoked keys can still be told from unknown ones. */
    readonly deletedAt: Date | null,
    /** Counts the changes, so that a stale one is noticed. */
    readonly version: number,
    /** The scopes its keys may have; null for any. */
    public scopes: string[] | null,
  ) {}

  static create(
    id: string,
    owner: Subject,
    props: ApplicationChanges & { name: string },
    now: Date,
  ): Application {
    return new Application(
      id,
      props.name,
      props.description ?? null,
      props.environment ?? 'production',
      owner.issuer,
      owner.subject,
      now,
      now,
      null,
      1,
      props.scopes ?? null,
    );
  }

  get owner(): Subject {
    return { issuer: this.ownerIssuer, subject: this.ownerSubject };
  }

  isOwnedBy(subject: Subject): boolean {
    return isSameSubject(this.owner, subject);
  }

  /** Who may do this, and that the new owner is one among the members, `Members` sees to. */
  handOver(to: Subject, now: Date): void {
    this.ownerIssuer = to.issuer;
    this.ownerSubject = to.subject;
    this.updatedAt = now;
  }

  change(changes: ApplicationChanges, now: Date): void {
    if (changes.name !== undefined) this.name = changes.name;
    if (changes.description !== undefined) this.description = changes.description;
    if (changes.environment !== undefined) this.environment = changes.environment;
    if (changes.scopes !== undefined) this.scopes = changes.scopes;
    this.updatedAt = now;
  }
}

export function applicationNotFound(): DomainError {
  return new DomainError(
    'application_not_found',
    'There is no application of this id: list yours with GET /applications.',
  );
}
