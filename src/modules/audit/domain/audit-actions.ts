import type { EventName } from '../../../shared/domain-event.js';

/**
 * Classes of the Open Cybersecurity Schema Framework (OCSF 1.3) with those of their activities that happen here, by
 * their numbers there.
 */
export const OCSF = {
  create: { class: 6003, activity: 1 },
  update: { class: 6003, activity: 3 },
  delete: { class: 6003, activity: 4 },
  other: { class: 6003, activity: 99 },
  accountCreate: { class: 3001, activity: 1 },
  accountDelete: { class: 3001, activity: 6 },
  accountEnable: { class: 3001, activity: 2 },
  accountPasswordChange: { class: 3001, activity: 3 },
  accountPasswordReset: { class: 3001, activity: 4 },
  accountDisable: { class: 3001, activity: 5 },
  accountAttachPolicy: { class: 3001, activity: 7 },
  accountDetachPolicy: { class: 3001, activity: 8 },
  accountOther: { class: 3001, activity: 99 },
  logon: { class: 3002, activity: 1 },
  logoff: { class: 3002, activity: 2 },
  authenticationOther: { class: 3002, activity: 99 },
} as const;

interface AuditAction {
  /** What it says, for people. */
  readonly says: string;
  readonly ocsf: keyof typeof OCSF;
}

/** Every action of the audit trail. Whoever adds an event adds a line: the types see to it. */
export const AUDIT_ACTIONS = {
  ApplicationCreated: { says: 'An application was created.', ocsf: 'create' },
  ApplicationChanged: { says: 'The name or another setting of an application was changed.', ocsf: 'update' },
  ApplicationOwnerChanged: { says: 'An application was handed on to another owner.', ocsf: 'update' },
  ApplicationDeleted: { says: 'An application was deleted, and with it all its keys.', ocsf: 'delete' },
  ApplicationPolicyChanged: { says: 'What an application demands of its keys was changed.', ocsf: 'update' },
  ApplicationLimitsChanged: {
    says: 'The rate limits that the keys of an application share were changed.',
    ocsf: 'update',
  },
  CreditsChanged: { says: 'A balance of credits was set, added to or taken away.', ocsf: 'update' },
  MemberAdded: { says: 'Somebody was made a member of an application.', ocsf: 'accountAttachPolicy' },
  MemberRoleChanged: { says: 'A member was given another role.', ocsf: 'accountOther' },
  MemberRemoved: { says: 'A member was taken out, or left.', ocsf: 'accountDetachPolicy' },
  OfferMade: { says: 'Somebody was offered a membership, or the ownership.', ocsf: 'other' },
  OfferAccepted: { says: 'Somebody accepted what they were offered.', ocsf: 'other' },
  OfferDeclined: { says: 'Somebody declined what they were offered.', ocsf: 'other' },
  OfferWithdrawn: { says: 'An offer was withdrawn, or another one took its place.', ocsf: 'other' },
  ApiKeyIssued: { says: 'A key was issued.', ocsf: 'create' },
  ApiKeyImported: { says: 'A key that was issued elsewhere was imported.', ocsf: 'create' },
  ApiKeyChanged: { says: 'The settings of a key were changed.', ocsf: 'update' },
  ApiKeyRotated: { says: 'A key was given another secret.', ocsf: 'update' },
  ApiKeyOverlapStarted: {
    says: 'The first use of the new secret of a key has dated the older ones.',
    ocsf: 'update',
  },
  ApiKeySecretEnded: { says: 'One secret of a key was ended.', ocsf: 'update' },
  ApiKeyRevoked: { says: 'A key was revoked for good.', ocsf: 'delete' },
  ApiKeyLeaked: { says: 'A key was found where others can read it.', ocsf: 'update' },
  ServiceKeyIssued: { says: 'A service key was issued.', ocsf: 'create' },
  ServiceKeyChanged: { says: 'The settings of a service key were changed.', ocsf: 'update' },
  ServiceKeyRotated: { says: 'A service key was given another secret.', ocsf: 'update' },
  ServiceKeyOverlapStarted: {
    says: 'The first use of the new secret of a service key has dated the older ones.',
    ocsf: 'update',
  },
  ServiceKeySecretEnded: { says: 'One secret of a service key was ended.', ocsf: 'update' },
  ServiceKeyRevoked: { says: 'A service key was revoked for good.', ocsf: 'delete' },
  ServiceKeyLeaked: { says: 'A service key was found where others can read it.', ocsf: 'update' },
  UserRegistered: { says: 'Somebody registered.', ocsf: 'accountCreate' },
  UserDisabled: { says: 'The operator shut somebody out.', ocsf: 'accountDisable' },
  UserEnabled: { says: 'The operator let somebody in again.', ocsf: 'accountEnable' },
  EmailVerified: { says: 'Somebody showed that they read the mail of their account.', ocsf: 'accountOther' },
  EmailVerificationIssued: {
    says: 'A token by which to verify an email was issued, to be mailed to it.',
    ocsf: 'accountOther',
  },
  PasswordChanged: { says: 'Somebody changed their password.', ocsf: 'accountPasswordChange' },
  PasswordReset: { says: 'A password was replaced with a one-time token.', ocsf: 'accountPasswordReset' },
  PasswordResetIssued: {
    says: 'A one-time token for a new password was issued, by the operator or to be mailed.',
    ocsf: 'accountOther',
  },
  InvitationIssued: { says: 'The operator invited somebody.', ocsf: 'other' },
  InvitationAccepted: { says: 'Somebody registered with an invitation.', ocsf: 'other' },
  PasswordHashRenewed: {
    says: 'The stored form of a password was renewed; the password is the same.',
    ocsf: 'accountOther',
  },
  UserDeleted: { says: 'Somebody deleted their account.', ocsf: 'accountDelete' },
  SignedIn: { says: 'Somebody signed in.', ocsf: 'logon' },
  SignInsRefused: {
    says: 'So many sign-ins failed, or came from one address, that further ones were refused for a while.',
    ocsf: 'logon',
  },
  SessionRefreshed: { says: 'A refresh token was exchanged for the next one.', ocsf: 'authenticationOther' },
  RefreshTokenReused: {
    says: 'A spent refresh token was shown again: somebody else may have it, and the login was ended.',
    ocsf: 'authenticationOther',
  },
  SessionExpired: {
    says: 'A refresh token of a login that was over was shown.',
    ocsf: 'authenticationOther',
  },
  SignedOut: { says: 'Somebody signed out.', ocsf: 'logoff' },
  SessionEnded: {
    says: 'A session was ended: by its person, with the account, by a new password, or by the operator.',
    ocsf: 'logoff',
  },
  WebhookCreated: { says: 'A webhook was created.', ocsf: 'create' },
  WebhookChanged: { says: 'The settings of a webhook were changed.', ocsf: 'update' },
  WebhookSecretRotated: { says: 'A webhook was given another secret to sign with.', ocsf: 'update' },
  WebhookDisabled: {
    says: 'A webhook was disabled by the service, because its receiver answers that it is gone.',
    ocsf: 'update',
  },
  WebhookDeleted: { says: 'A webhook was deleted.', ocsf: 'delete' },
  WebhookTested: { says: 'A test event was sent to a webhook.', ocsf: 'other' },
  WebhookDeliveryResent: { says: 'An event was sent to a webhook once more.', ocsf: 'other' },
  NotificationsChanged: {
    says: 'Somebody said whether they want to be mailed of the keys of an application.',
    ocsf: 'other',
  },
  AuditTrailPruned: {
    says: 'The operator deleted events of the audit trail up to one of them.',
    ocsf: 'other',
  },
  ExpiredRowsPurged: { says: 'The service deleted what had run out.', ocsf: 'delete' },
} as const satisfies Record<EventName, AuditAction>;

export type AuditActionName = keyof typeof AUDIT_ACTIONS;

export const AUDIT_ACTION_NAMES = Object.keys(AUDIT_ACTIONS) as AuditActionName[];
