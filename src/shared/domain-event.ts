/** What of an entity was changed, by the name of its field. Never a secret, nor the hash of one. */
export type EventFields = Readonly<Record<string, unknown>>;

/** What an event happened to. */
interface EventTarget {
  readonly kind:
    | 'application'
    | 'member'
    | 'offer'
    | 'api_key'
    | 'service_key'
    | 'user'
    | 'invitation'
    | 'session'
    | 'webhook'
    | 'audit_chain'
    | 'system';
  readonly id: string;
}

/** Every event there is, in the past tense. The audit trail says of each what it tells (`AUDIT_ACTIONS`). */
export type EventName =
  | 'ApplicationCreated'
  | 'ApplicationChanged'
  | 'ApplicationOwnerChanged'
  | 'ApplicationDeleted'
  | 'ApplicationPolicyChanged'
  | 'ApplicationLimitsChanged'
  | 'CreditsChanged'
  | 'MemberAdded'
  | 'MemberRoleChanged'
  | 'MemberRemoved'
  | 'OfferMade'
  | 'OfferAccepted'
  | 'OfferDeclined'
  | 'OfferWithdrawn'
  | 'ApiKeyIssued'
  | 'ApiKeyImported'
  | 'ApiKeyChanged'
  | 'ApiKeyRotated'
  | 'ApiKeyOverlapStarted'
  | 'ApiKeySecretEnded'
  | 'ApiKeyRevoked'
  | 'ApiKeyLeaked'
  | 'ServiceKeyIssued'
  | 'ServiceKeyChanged'
  | 'ServiceKeyRotated'
  | 'ServiceKeyOverlapStarted'
  | 'ServiceKeySecretEnded'
  | 'ServiceKeyRevoked'
  | 'ServiceKeyLeaked'
  | 'UserRegistered'
  | 'UserDeleted'
  | 'UserDisabled'
  | 'UserEnabled'
  | 'EmailVerified'
  | 'EmailVerificationIssued'
  | 'PasswordChanged'
  | 'PasswordReset'
  | 'PasswordResetIssued'
  | 'PasswordHashRenewed'
  | 'InvitationIssued'
  | 'InvitationAccepted'
  | 'SignedIn'
  | 'SignInsRefused'
  | 'SessionRefreshed'
  | 'RefreshTokenReused'
  | 'SessionExpired'
  | 'SignedOut'
  | 'SessionEnded'
  | 'WebhookCreated'
  | 'WebhookChanged'
  | 'WebhookSecretRotated'
  | 'WebhookDisabled'
  | 'WebhookDeleted'
  | 'WebhookTested'
  | 'WebhookDeliveryResent'
  | 'NotificationsChanged'
  | 'AuditTrailPruned'
  | 'ExpiredRowsPurged';

/** A change that was made, to be written in its transaction by whoever subscribes. */
export interface DomainEvent {
  readonly name: EventName;
  /** The application whose event it is; null for accounts, and for what the service does by itself. */
  readonly applicationId: string | null;
  readonly target: EventTarget;
  /** The fields that were changed, as they were; null for what there was not before. */
  readonly before: EventFields | null;
  /** The same fields as they are now; null for what there is not any more. */
  readonly after: EventFields | null;
}

/** Kept beside the entities, so that their events are none of their columns. */
const recorded = new WeakMap<object, DomainEvent[]>();

/** An entity that records what happens to it. Whoever writes it hands its events to the transaction. */
export abstract class Aggregate {
  protected record(event: DomainEvent): void {
    const events = recorded.get(this);
    if (events === undefined) recorded.set(this, [event]);
    else events.push(event);
  }
}

/** What has happened to an entity since it was made or read. */
export function eventsOf(entity: Aggregate): readonly DomainEvent[] {
  return recorded.get(entity) ?? [];
}

/** Those of the fields that differ, before and after; null when none does. */
export function changedFields<T extends object>(
  before: T,
  after: T,
): { before: EventFields; after: EventFields } | null {
  const names = (Object.keys(before) as (keyof T & string)[]).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  if (names.length === 0) return null;
  const pick = (from: T): EventFields => Object.fromEntries(names.map((name) => [name, from[name]]));
  return { before: pick(before), after: pick(after) };
}
