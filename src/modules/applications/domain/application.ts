import { DomainError } from '../../../shared/domain-error.js';
import { Aggregate, changedFields, type EventFields, type EventName } from '../../../shared/domain-event.js';
import { isSameSubject, type Subject } from '../../../shared/subject.js';
import { DEFAULT_POLICY, type KeyPolicy, type KeyPolicyChanges } from './key-policy.js';

export const APPLICATION_ENVIRONMENTS = ['production', 'staging', 'development'] as const;
export type ApplicationEnvironment = (typeof APPLICATION_ENVIRONMENTS)[number];

export interface ApplicationChanges {
  name?: string;
  description?: string | null;
  environment?: ApplicationEnvironment;
  scopes?: string[] | null;
}

/** What keys belong to: a service somebody owns. */
export class Application extends Aggregate {
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
    /** Null while nobody has set one. */
    public storedPolicy: KeyPolicy | null,
    /** Who created it, whoever owns it now; null for one that was created before this was noted. */
    readonly creatorIssuer: string | null,
    readonly creatorSubject: string | null,
  ) {
    super();
  }

  static create(
    id: string,
    owner: Subject,
    props: ApplicationChanges & { name: string },
    now: Date,
  ): Application {
    const application = new Application(
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
      null,
      owner.issuer,
      owner.subject,
    );
    application.happened('ApplicationCreated', null, { ...application.settings, owner: application.owner });
    return application;
  }

  get owner(): Subject {
    return { issuer: this.ownerIssuer, subject: this.ownerSubject };
  }

  isOwnedBy(subject: Subject): boolean {
    return isSameSubject(this.owner, subject);
  }

  /** Who may do this, and that the new owner is one among the members, `Members` sees to. */
  handOver(to: Subject, now: Date): void {
    const before = this.owner;
    this.ownerIssuer = to.issuer;
    this.ownerSubject = to.subject;
    this.updatedAt = now;
    if (!isSameSubject(before, to)) {
      this.happened('ApplicationOwnerChanged', { owner: before }, { owner: this.owner });
    }
  }

  change(changes: ApplicationChanges, now: Date): void {
    const before = this.settings;
    if (changes.name !== undefined) this.name = changes.name;
    if (changes.description !== undefined) this.description = changes.description;
    if (changes.environment !== undefined) this.environment = changes.environment;
    if (changes.scopes !== undefined) this.scopes = changes.scopes;
    this.updatedAt = now;
    const changed = changedFields(before, this.settings);
    if (changed !== null) this.happened('ApplicationChanged', changed.before, changed.after);
  }

  get policy(): KeyPolicy {
    return { ...DEFAULT_POLICY, ...this.storedPolicy };
  }

  /** Keys that break the policy afterwards go on working: see `brokenRules`. */
  changePolicy(changes: KeyPolicyChanges, now: Date): void {
    const before = this.policy;
    this.storedPolicy = { ...before, ...withoutUndefined(changes) };
    this.updatedAt = now;
    const changed = changedFields(before, this.policy);
    if (changed !== null) this.happened('ApplicationPolicyChanged', changed.before, changed.after);
  }

  /** What becomes of its keys and members, those who keep them see to. */
  delete(): void {
    this.happened('ApplicationDeleted', { ...this.settings, owner: this.owner }, null);
  }

  private get settings(): Required<ApplicationChanges> {
    const { name, description, environment, scopes } = this;
    return { name, description, environment, scopes };
  }

  private happened(name: EventName, before: EventFields | null, after: EventFields | null): void {
    const { id } = this;
    this.record({ name, applicationId: id, target: { kind: 'application', id }, before, after });
  }
}

function withoutUndefined<T extends object>(changes: T): Partial<T> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<T>;
}

export function applicationNotFound(): DomainError {
  return new DomainError(
    'application_not_found',
    'There is no application of this id: list yours with GET /applications.',
  );
}
