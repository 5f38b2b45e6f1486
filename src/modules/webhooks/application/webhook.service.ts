import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readPage, toPage, type Page } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { ApplicationService } from '../../applications/index.js';
import { Freshness } from '../../freshness/index.js';
import { deliveryNotFound, type Delivery, type DeliveryState } from '../domain/delivery.js';
import {
  DEFAULT_CREDITS_BELOW,
  DEFAULT_OVERLAP_SECONDS,
  MAX_WEBHOOKS,
  Webhook,
  webhookNotFound,
  type WebhookChanges,
  type WebhookSettings,
} from '../domain/webhook.js';
import { WebhookSecret, WebhookSecretSeal } from '../domain/webhook-secret.js';
import { readWebhookUrl } from '../domain/webhook-url.js';
import { WebhookRepository, type ListedWebhook } from '../domain/webhook.repository.js';

/** A delivery as a list has it. */
export type ListedDelivery = Delivery & { readonly id: string };

const SEQ = /^[1-9]\d{0,15}$/;

/** Test events of one webhook that are not sent yet. */
const MAX_WAITING_TESTS = 10;

/** What a deployment allows its webhooks. */
export abstract class WebhookRules {
  /** Whether receivers may be on private addresses, and be spoken to without TLS. */
  abstract readonly allowsPrivate: boolean;
}

/** A webhook with the secret that is shown this once. */
interface RevealedWebhook {
  readonly webhook: Webhook;
  readonly secret: WebhookSecret;
}

/** Where an application has its events sent to, and what became of them. */
@Injectable()
export class WebhookService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly webhooks: WebhookRepository,
    private readonly applications: ApplicationService,
    private readonly freshness: Freshness,
    private readonly seal: WebhookSecretSeal,
    private readonly rules: WebhookRules,
    private readonly clock: Clock,
  ) {}

  /** Throws `webhook_limit_reached`, and `validation_failed` for a URL that nothing is sent to. */
  async create(
    actor: Actor,
    applicationId: string,
    { url, description = null, events = ['*'], creditsBelow = DEFAULT_CREDITS_BELOW }: NewWebhook,
  ): Promise<RevealedWebhook> {
    const id = uuidv7();
    const secret = WebhookSecret.generate();
    const settings = { url: this.readUrl(url), description, events, creditsBelow };
    const webhook = Webhook.create(
      id,
      applicationId,
      settings,
      this.seal.close(secret, id),
      actor,
      this.clock.now(),
    );
    await this.unitOfWork.run(actor, async (tx) => {
      if ((await this.webhooks.lockCount(applicationId, tx)) >= MAX_WEBHOOKS) {
        throw new DomainError(
          'webhook_limit_reached',
          `An application has at most ${MAX_WEBHOOKS} webhooks: delete one first.`,
        );
      }
      await this.webhooks.insert(webhook, tx);
      await this.assertStillPermitted(applicationId, tx);
    });
    return { webhook, secret };
  }

  /** Newest first. Throws `invalid_cursor`. */
  async list(
    applicationId: string,
    query: { limit?: number; cursor?: string },
  ): Promise<Page<ListedWebhook>> {
    const filter = { webhooks: applicationId };
    const page = readPage(query, filter);
    const rows = await this.freshness.read((atLeast) => this.webhooks.list(applicationId, page, atLeast));
    return toPage(rows, page.limit, filter);
  }

  /** Throws `webhook_not_found`, also for one of another application. */
  async get(applicationId: string, id: string): Promise<ListedWebhook> {
    const found = await this.freshness.read((atLeast) => this.webhooks.find(applicationId, id, atLeast));
    if (found === null) throw webhookNotFound();
    return found;
  }

  /** Throws what `create` and `get` throw. */
  change(actor: Actor, applicationId: string, id: string, changes: WebhookChanges): Promise<Webhook> {
    const { url, ...others } = changes;
    const read = url === undefined ? others : { ...others, url: this.readUrl(url) };
    const now = this.clock.now();
    return this.modify(actor, applicationId, id, async (webhook, tx) => {
      webhook.change(read, now);
      await this.webhooks.update(webhook, tx);
      return webhook;
    });
  }

  /** Throws what `get` throws. */
  rotate(
    actor: Actor,
    applicationId: string,
    id: string,
    overlapSeconds = DEFAULT_OVERLAP_SECONDS,
  ): Promise<RevealedWebhook> {
    const secret = WebhookSecret.generate();
    const now = this.clock.now();
    return this.modify(actor, applicationId, id, async (webhook, tx) => {
      webhook.rotate(this.seal.close(secret, webhook.id), overlapSeconds, now);
      await this.webhooks.update(webhook, tx);
      return { webhook, secret };
    });
  }

  /** Nothing more is sent to it; what is under way may still arrive. Throws what `get` throws. */
  async delete(actor: Actor, applicationId: string, id: string): Promise<void> {
    const now = this.clock.now();
    await this.modify(actor, applicationId, id, async (webhook, tx) => {
      webhook.delete();
      await this.webhooks.delete(webhook, now, tx);
    });
  }

  /** Throws `webhook_disabled`, `test_events_waiting`, and what `get` throws. */
  test(actor: Actor, applicationId: string, id: string): Promise<Delivery> {
    return this.modify(actor, applicationId, id, async (webhook, tx) => {
      webhook.test();
      // What a receiver does not take waits for a day: it must not be made to wait without bound.
      if ((await this.webhooks.countWaitingTests(webhook.id, tx)) >= MAX_WAITING_TESTS) {
        const detail = `${MAX_WAITING_TESTS} test events wait to be sent already: see what their deliveries say.`;
        throw new DomainError('test_events_waiting', detail);
      }
      return this.webhooks.addTest(webhook, tx);
    });
  }

  /** The latest first. Throws `invalid_cursor`, and what `get` throws. */
  async listDeliveries(
    applicationId: string,
    id: string,
    { state, ...query }: { state?: DeliveryState; limit?: number; cursor?: string },
  ): Promise<Page<ListedDelivery>> {
    const { webhook } = await this.get(applicationId, id);
    const filter = { deliveries: webhook.id, state };
    const page = readPage(query, filter, (text) => SEQ.test(text));
    const rows = await this.freshness.read((atLeast) =>
      this.webhooks.listDeliveries(webhook.id, state, page, atLeast),
    );
    return toPage(
      rows.map((delivery) => ({ ...delivery, id: delivery.seq })),
      page.limit,
      filter,
    );
  }

  /** Throws `delivery_not_found`, `webhook_disabled`, and what `get` throws. */
  resend(actor: Actor, applicationId: string, id: string, messageId: string): Promise<Delivery> {
    return this.modify(actor, applicationId, id, async (webhook, tx) => {
      webhook.resend(messageId);
      const delivery = await this.webhooks.resend(webhook, messageId, tx);
      if (delivery === null) throw deliveryNotFound();
      return delivery;
    });
  }

  private async modify<T>(
    actor: Actor,
    applicationId: string,
    id: string,
    work: (webhook: Webhook, tx: Transaction) => Promise<T>,
  ): Promise<T> {
    const { value } = await this.unitOfWork.run(actor, async (tx) => {
      const webhook = await this.webhooks.lock(applicationId, id, tx);
      if (webhook === null) throw webhookNotFound();
      const done = await work(webhook, tx);
      await this.assertStillPermitted(applicationId, tx);
      return done;
    });
    return value;
  }

  private readUrl(url: string): string {
    return readWebhookUrl(url, this.rules.allowsPrivate);
  }

  private assertStillPermitted(applicationId: string, tx: Transaction): Promise<void> {
    return this.applications.assertStillPermitted(applicationId, 'manage-webhooks', tx);
  }
}

type NewWebhook = Pick<WebhookSettings, 'url'> & Partial<WebhookSettings>;
