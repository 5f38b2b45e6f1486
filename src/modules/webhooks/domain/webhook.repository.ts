import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import type { Delivery, DeliveryState } from './delivery.js';
import type { Webhook } from './webhook.js';

/** What a webhook had no room for. */
export interface Dropped {
  readonly events: number;
  readonly at: Date | null;
}

export interface ListedWebhook {
  readonly id: string;
  readonly webhook: Webhook;
  readonly dropped: Dropped;
}

export abstract class WebhookRepository {
  /** Shows every webhook that was answered before. */
  abstract list(applicationId: string, page: PageRequest, atLeast: number): Promise<Dated<ListedWebhook[]>>;
  abstract find(applicationId: string, id: string, atLeast: number): Promise<Dated<ListedWebhook | null>>;
  /** How many an application has. Nobody adds one to it until the transaction ends. */
  abstract lockCount(applicationId: string, tx: Transaction): Promise<number>;
  abstract insert(webhook: Webhook, tx: Transaction): Promise<void>;
  /** Nobody else changes it until the transaction ends; null when the application has none of this id. */
  abstract lock(applicationId: string, id: string, tx: Transaction): Promise<Webhook | null>;
  abstract update(webhook: Webhook, tx: Transaction): Promise<void>;
  abstract delete(webhook: Webhook, now: Date, tx: Transaction): Promise<void>;

  /** The latest first. */
  abstract listDeliveries(
    webhookId: string,
    state: DeliveryState | undefined,
    page: PageRequest,
    atLeast: number,
  ): Promise<Dated<Delivery[]>>;
  /** The test events that are not sent yet, of a webhook that is locked. */
  abstract countWaitingTests(webhookId: string, tx: Transaction): Promise<number>;
  /** Writes the delivery of a test event. */
  abstract addTest(webhook: Webhook, tx: Transaction): Promise<Delivery>;
  /** Has a delivery sent once more, from the first attempt on; null when there is none any more. */
  abstract resend(webhook: Webhook, messageId: string, tx: Transaction): Promise<Delivery | null>;
}
