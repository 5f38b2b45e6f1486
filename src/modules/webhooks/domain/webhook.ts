import { createHash } from 'node:crypto';
import { DomainError } from '../../../shared/domain-error.js';
import { Aggregate, changedFields, type EventFields, type EventName } from '../../../shared/domain-event.js';
import type { Subject } from '../../../shared/subject.js';
import type { SealedSecret } from './webhook-secret.js';

/** Webhooks of one application at most. */
export const MAX_WEBHOOKS = 10;

/** Seconds for which the former secret goes on signing: a day unless said otherwise, and seven days at most. */
export const DEFAULT_OVERLAP_SECONDS = 86_400;
export const MAX_OVERLAP_SECONDS = 604_800;

/** Below so many credits `key.credits_low` is sent, unless the webhook says otherwise. */
export const DEFAULT_CREDITS_BELOW = 100;

export interface WebhookSettings {
  readonly url: string;
  readonly description: string | null;
  /** Of `WEBHOOK_EVENTS`. */
  readonly events: readonly string[];
  readonly creditsBelow: number;
}

export interface WebhookChanges extends Partial<WebhookSettings> {
  readonly enabled?: boolean;
}

/** Why the service has disabled one: its receiver answered 410. */
export type DisabledBecause = 'gone';

export interface WebhookProps extends WebhookSettings {
  readonly id: string;
  readonly applicationId: string;
  readonly enabled: boolean;
  readonly disabledBecause: DisabledBecause | null;
  readonly createdAt: Date;
  /** Who made it; null where that was not recorded yet. */
  readonly createdBy: Subject | null;
  readonly updatedAt: Date;
  readonly secret: SealedSecret;
  readonly previousSecret: SealedSecret | null;
  /** When the former secret signs no more; null when there is none. */
  readonly previousUntil: Date | null;
}

/** Where the events of an application are sent to. */
export class Webhook extends Aggregate implements WebhookProps {
  readonly id!: string;
  readonly applicationId!: string;
  url!: string;
  description!: string | null;
  events!: readonly string[];
  creditsBelow!: number;
  enabled!: boolean;
  disabledBecause!: DisabledBecause | null;
  readonly createdAt!: Date;
  readonly createdBy!: Subject | null;
  updatedAt!: Date;
  secret!: SealedSecret;
  previousSecret!: SealedSecret | null;
  previousUntil!: Date | null;

  private constructor(props: WebhookProps) {
    super();
    Object.assign(this, props);
  }

  static create(
    id: string,
    applicationId: string,
    settings: WebhookSettings,
    secret: SealedSecret,
    { issuer, subject }: Subject,
    now: Date,
  ): Webhook {
    const webhook = Webhook.restore({
      ...settings,
      id,
      applicationId,
      enabled: true,
      disabledBecause: null,
      createdAt: now,
      createdBy: { issuer, subject },
      updatedAt: now,
      secret,
      previousSecret: null,
      previousUntil: null,
    });
    webhook.happened('WebhookCreated', null, webhook.settings);
    return webhook;
  }

  /** As it was written. */
  static restore(props: WebhookProps): Webhook {
    return new Webhook(props);
  }

  change({ enabled, url, description, events, creditsBelow }: WebhookChanges, now: Date): void {
    const before = this.settings;
    if (url !== undefined) this.url = url;
    if (description !== undefined) this.description = description;
    if (events !== undefined) this.events = events;
    if (creditsBelow !== undefined) this.creditsBelow = creditsBelow;
    if (enabled !== undefined) {
      this.enabled = enabled;
      if (enabled) this.disabledBecause = null;
    }
    const changed = changedFields(before, this.settings);
    if (changed === null) return;
    this.updatedAt = now;
    this.happened('WebhookChanged', changed.before, changed.after);
  }

  /** The receiver wants nothing any more. */
  disable(because: DisabledBecause, now: Date): void {
    if (!this.enabled) return;
    this.enabled = false;
    this.disabledBecause = because;
    this.updatedAt = now;
    this.happened('WebhookDisabled', { enabled: true }, { enabled: false, disabledBecause: because });
  }

  /** Deliveries are signed with both secrets until the overlap ends. One that a former rotation has left ends now. */
  rotate(secret: SealedSecret, overlapSeconds: number, now: Date): void {
    this.previousSecret = overlapSeconds === 0 ? null : this.secret;
    this.previousUntil = overlapSeconds === 0 ? null : new Date(now.getTime() + overlapSeconds * 1000);
    this.secret = secret;
    this.updatedAt = now;
    this.happened('WebhookSecretRotated', null, { overlapSeconds });
  }

  delete(): void {
    this.happened('WebhookDeleted', this.settings, null);
  }

  test(): void {
    this.assertEnabled();
    this.happened('WebhookTested', null, null);
  }

  /** @param messageId of the event that is sent once more */
  resend(messageId: string): void {
    this.assertEnabled();
    this.happened('WebhookDeliveryResent', null, { messageId });
  }

  private assertEnabled(): void {
    if (this.enabled) return;
    throw new DomainError('webhook_disabled', 'Enable the webhook first: PATCH it with enabled: true.');
  }

  /** What is recorded of it. A path may be a secret of the receiver's: the host is named, and a digest tells URLs apart. */
  private get settings(): EventFields {
    const { url, description, events, creditsBelow, enabled } = this;
    const urlSha256 = createHash('sha256').update(url).digest('hex').slice(0, 16);
    return { host: new URL(url).host, urlSha256, description, events, creditsBelow, enabled };
  }

  private happened(name: EventName, before: EventFields | null, after: EventFields | null): void {
    const { id, applicationId } = this;
    this.record({ name, applicationId, target: { kind: 'webhook', id }, before, after });
  }
}

export function webhookNotFound(): DomainError {
  return new DomainError(
    'webhook_not_found',
    'The application has no webhook of this id: list them with GET /applications/{id}/webhooks.',
  );
}
