import type { MigrationInterface } from 'typeorm';
import { Auth1764000000000 } from './1764000000000-auth.js';
import { Applications1764000000100 } from './1764000000100-applications.js';
import { ApiKeys1764000000200 } from './1764000000200-api-keys.js';
import { Freshness1764000000300 } from './1764000000300-freshness.js';
import { RotationAndRestrictions1764000000400 } from './1764000000400-rotation-and-restrictions.js';
import { KeyUsage1764000000450 } from './1764000000450-key-usage.js';
import { LimitsAndCredits1764000000500 } from './1764000000500-limits-and-credits.js';
import { LimitedKeys1764000000510 } from './1764000000510-limited-keys.js';
import { Members1764000000600 } from './1764000000600-members.js';
import { Idempotency1764000000700 } from './1764000000700-idempotency.js';
import { ImportedKeys1764000000800 } from './1764000000800-imported-keys.js';
import { DeclaredScopes1764000000900 } from './1764000000900-declared-scopes.js';
import { KeyCounts1764000001000 } from './1764000001000-key-counts.js';
import { ChangeProofs1764000002000 } from './1764000002000-change-proofs.js';
import { EndedSecrets1764000002400 } from './1764000002400-ended-secrets.js';
import { TurnsToActivate1764000002410 } from './1764000002410-turns-to-activate.js';
import { LockedBalances1764000002420 } from './1764000002420-locked-balances.js';
import { ChangeNumbers1764000002500 } from './1764000002500-change-numbers.js';
import { RefundOfLimits1764000002600 } from './1764000002600-refund-of-limits.js';
import { PendingKeyRevocations1764000002610 } from './1764000002610-pending-key-revocations.js';
import { KeyQuotas1764000002650 } from './1764000002650-key-quotas.js';
import { MembershipChanges1764000002695 } from './1764000002695-membership-changes.js';
import { CheaperMetering1764000002800 } from './1764000002800-cheaper-metering.js';
import { ServiceKeys1764000003000 } from './1764000003000-service-keys.js';
import { RevokedKeys1764000003100 } from './1764000003100-revoked-keys.js';
import { KeyTags1764000003200 } from './1764000003200-key-tags.js';
import { ImportsOfApplications1764000003210 } from './1764000003210-imports-of-applications.js';
import { Offers1764000003300 } from './1764000003300-offers.js';
import { KeysPerDay1764000003310 } from './1764000003310-keys-per-day.js';
import { PasswordPeppers1764000003400 } from './1764000003400-password-peppers.js';
import { OneTimeTokens1764000003410 } from './1764000003410-one-time-tokens.js';
import { VerifiedEmails1764000003420 } from './1764000003420-verified-emails.js';
import { Sessions1764000003500 } from './1764000003500-sessions.js';
import { AuditTrail1764000003600 } from './1764000003600-audit-trail.js';
import { Usage1764000003700 } from './1764000003700-usage.js';
import { Denials1764000003710 } from './1764000003710-denials.js';
import { DenialsOfStrangers1764000003720 } from './1764000003720-denials-of-strangers.js';
import { Policies1764000003800 } from './1764000003800-policies.js';
import { CurrentPolicy1764000003810 } from './1764000003810-current-policy.js';
import { Webhooks1764000003900 } from './1764000003900-webhooks.js';
import { WebhookMails1764000003910 } from './1764000003910-webhook-mails.js';
import { LeakedSecrets1764000004000 } from './1764000004000-leaked-secrets.js';
import { SecretUsage1764000004300 } from './1764000004300-secret-usage.js';
import { FairWebhooks1764000004500 } from './1764000004500-fair-webhooks.js';
import { MakersOfWebhooks1764000004510 } from './1764000004510-makers-of-webhooks.js';
import { WebhooksOfPolicies1764000004520 } from './1764000004520-webhooks-of-policies.js';
import { ApplicationsOfDay1764000004700 } from './1764000004700-applications-of-day.js';
import { EndedDeliveries1764000004710 } from './1764000004710-ended-deliveries.js';

/** Every migration, oldest first. */
export const migrations: (new () => MigrationInterface)[] = [
  Auth1764000000000,
  Applications1764000000100,
  ApiKeys1764000000200,
  Freshness1764000000300,
  RotationAndRestrictions1764000000400,
  KeyUsage1764000000450,
  LimitsAndCredits1764000000500,
  LimitedKeys1764000000510,
  Members1764000000600,
  Idempotency1764000000700,
  ImportedKeys1764000000800,
  DeclaredScopes1764000000900,
  KeyCounts1764000001000,
  ChangeProofs1764000002000,
  EndedSecrets1764000002400,
  TurnsToActivate1764000002410,
  LockedBalances1764000002420,
  ChangeNumbers1764000002500,
  RefundOfLimits1764000002600,
  PendingKeyRevocations1764000002610,
  KeyQuotas1764000002650,
  MembershipChanges1764000002695,
  CheaperMetering1764000002800,
  ServiceKeys1764000003000,
  RevokedKeys1764000003100,
  KeyTags1764000003200,
  ImportsOfApplications1764000003210,
  Offers1764000003300,
  KeysPerDay1764000003310,
  PasswordPeppers1764000003400,
  OneTimeTokens1764000003410,
  VerifiedEmails1764000003420,
  Sessions1764000003500,
  AuditTrail1764000003600,
  Usage1764000003700,
  Denials1764000003710,
  DenialsOfStrangers1764000003720,
  Policies1764000003800,
  CurrentPolicy1764000003810,
  Webhooks1764000003900,
  WebhookMails1764000003910,
  LeakedSecrets1764000004000,
  SecretUsage1764000004300,
  FairWebhooks1764000004500,
  MakersOfWebhooks1764000004510,
  WebhooksOfPolicies1764000004520,
  ApplicationsOfDay1764000004700,
  EndedDeliveries1764000004710,
];
