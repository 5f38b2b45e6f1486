/** What happens to an application and its keys, by what people call it. Others are shown by their name. */
export const ACTIONS: Readonly<Record<string, string>> = {
  ApplicationCreated: 'Application created',
  ApplicationChanged: 'Application changed',
  ApplicationOwnerChanged: 'Application handed on',
  ApplicationPolicyChanged: 'Policy of the application changed',
  ApplicationLimitsChanged: 'Limits of the application changed',
  CreditsChanged: 'Credits changed',
  MemberAdded: 'Member added',
  MemberRoleChanged: 'Role of a member changed',
  MemberRemoved: 'Member removed',
  OfferMade: 'Offer made',
  OfferAccepted: 'Offer accepted',
  OfferDeclined: 'Offer declined',
  OfferWithdrawn: 'Offer withdrawn',
  ApiKeyIssued: 'Key created',
  ApiKeyImported: 'Key imported',
  ApiKeyChanged: 'Key changed',
  ApiKeyRotated: 'Key rotated',
  ApiKeyOverlapStarted: 'New secret of a key used',
  ApiKeySecretEnded: 'Secret of a key ended',
  ApiKeyRevoked: 'Key revoked',
  ApiKeyLeaked: 'Key found in public',
  ServiceKeyIssued: 'Service key created',
  ServiceKeyChanged: 'Service key changed',
  ServiceKeyRotated: 'Service key rotated',
  ServiceKeyOverlapStarted: 'New secret of a service key used',
  ServiceKeySecretEnded: 'Secret of a service key ended',
  ServiceKeyRevoked: 'Service key revoked',
  ServiceKeyLeaked: 'Service key found in public',
  WebhookCreated: 'Webhook created',
  WebhookChanged: 'Webhook changed',
  WebhookSecretRotated: 'Secret of a webhook rotated',
  WebhookDisabled: 'Webhook disabled',
  WebhookDeleted: 'Webhook deleted',
  WebhookTested: 'Webhook tested',
  WebhookDeliveryResent: 'Event sent once more',
  NotificationsChanged: 'Mails to a member changed',
  AuditTrailPruned: 'Old events deleted',
};

export function actionName(action: string): string {
  // "WebhookCreated" becomes "Webhook created".
  const words = action.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return ACTIONS[action] ?? words;
}
