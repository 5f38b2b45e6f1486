import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { withDeadline } from '../../../shared/concurrency/deadline.js';
import { AccountMails } from '../../auth/index.js';
import { retryDelay, type DeliveryFailure } from '../domain/delivery.js';
import { mailOf } from '../domain/owner-mail.js';
import { WebhookSecretSeal } from '../domain/webhook-secret.js';
import { DeliveryQueue, WebhookTransport, type Attempt, type DueDelivery, type UnderWay } from './ports.js';

/** Milliseconds after which an attempt, and with it its webhook, counts as slow. */
const PATIENCE_MS = 1000;

/**
 * Requests of this process at once, in two rooms. What takes long moves over into the room of the slow, and so does what
 * comes next for the same webhook: receivers that hang, however many, leave the other room to those that answer.
 */
const QUICK = { most: 50, ofApplication: 10, ofWebhook: 5 } as const;
const SLOW = { most: 50, ofApplication: 5, ofWebhook: 2 } as const;

/** Milliseconds that a mail may take, within the lease. */
const MAIL_MS = 25_000;

const NOT_SENT = { status: null, retryAfter: null, durationMs: 0 } as const;

/**
 * Sends what is due, and writes what became of it. A process that is killed leaves its deliveries to the others: their
 * leases end. So each is attempted at least once, and now and then twice.
 */
@Injectable()
export class WebhookSender {
  private readonly logger = new Logger(WebhookSender.name);
  private readonly underWay = new Set<UnderWay & { isSlow: boolean }>();
  private readonly sending = new Set<Promise<void>>();
  private stopped = false;
  private more: (() => void) | undefined;

  /** Attempts since the start, by how they have ended. */
  readonly counts: Record<'delivered' | DeliveryFailure, number> = {
    delivered: 0,
    timeout: 0,
    address_refused: 0,
    name_not_found: 0,
    connection_failed: 0,
    certificate_refused: 0,
    redirect: 0,
    status: 0,
    gone: 0,
    disabled: 0,
    secret_unavailable: 0,
  };

  /** Deliveries since the start that failed for the last time. */
  givenUp = 0;

  constructor(
    private readonly queue: DeliveryQueue,
    private readonly transport: WebhookTransport,
    private readonly mails: AccountMails,
    private readonly seal: WebhookSecretSeal,
    private readonly clock: Clock,
  ) {}

  get running(): number {
    return this.sending.size;
  }

  /** Is called when one has ended, and the next of its key may be sent. */
  onEnded(more: () => void): void {
    this.more = more;
  }

  /** Begins to send what is due, as far as there is room, and says whether there may be more. Rejects as the database does. */
  async sendDue(): Promise<boolean> {
    const mayBeMore = await this.fill(false);
    return (await this.fill(true)) || mayBeMore;
  }

  private async fill(isSlow: boolean): Promise<boolean> {
    const { most, ...shares } = isSlow ? SLOW : QUICK;
    const all = [...this.underWay];
    const underWay = all.filter((one) => one.isSlow === isSlow);
    const left = most - underWay.length;
    if (this.stopped || left <= 0) return false;
    const elsewhere = all.filter((one) => one.isSlow !== isSlow);
    const { due, mayBeMore } = await this.queue.claim({ ...shares, isSlow, most: left, underWay, elsewhere });
    for (const delivery of due) this.begin(delivery, isSlow);
    return mayBeMore;
  }

  /** Begins nothing more, and resolves when all that is under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.idle();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.sending.size > 0) await Promise.all(this.sending);
  }

  private begin(delivery: DueDelivery, isSlow: boolean): void {
    const { applicationId, webhookId } = delivery;
    const place = { applicationId, webhookId, isSlow };
    this.underWay.add(place);
    const patience = setTimeout(() => {
      place.isSlow = true;
      if (!this.stopped) this.more?.();
    }, PATIENCE_MS);
    const sending = this.send(delivery)
      .catch((error: unknown) => {
        // Its lease ends, and it is sent once more.
        this.logger.warn(`What became of a webhook was not written: ${(error as Error).message}`);
      })
      .finally(() => {
        clearTimeout(patience);
        this.underWay.delete(place);
        this.sending.delete(sending);
        if (!this.stopped) this.more?.();
      });
    this.sending.add(sending);
  }

  private async send(delivery: DueDelivery): Promise<void> {
    const attempt = await this.attempt(delivery);
    const { failure, durationMs } = attempt;
    this.counts[failure ?? 'delivered'] += 1;
    if (failure === 'gone') await this.queue.disable(delivery);
    const isFinal = failure === 'gone' || failure === 'disabled';
    const retryIn = isFinal ? null : retryDelay(delivery.attempts, attempt.retryAfter, Math.random());
    if (failure !== null && failure !== 'disabled' && retryIn === null) this.givenUp += 1;
    await this.queue.finish(delivery, attempt, retryIn, durationMs >= PATIENCE_MS);
  }

  private async attempt(delivery: DueDelivery): Promise<Attempt> {
    if (!delivery.isWanted) return { ...NOT_SENT, failure: 'disabled' };
    if (delivery.mailsTo !== null) return this.mail(delivery.mailsTo, delivery.body);
    const id = delivery.messageId;
    const timestamp = Math.floor(this.clock.epochMs() / 1000);
    let signature: string;
    try {
      const secrets = [delivery.secret, delivery.previousSecret].filter((secret) => secret !== null);
      signature = secrets
        .map((secret) => this.seal.open(secret, delivery.webhookId).sign(id, timestamp, delivery.body))
        .join(' ');
    } catch {
      return { ...NOT_SENT, failure: 'secret_unavailable' };
    }
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'upblit-webhooks',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    };
    return this.transport.post(delivery.url, headers, delivery.body);
  }

  private async mail(userId: string, body: string): Promise<Attempt> {
    const began = performance.now();
    let failure: DeliveryFailure | null;
    try {
      const sent = this.mails.notify(userId, mailOf(body));
      failure = (await withDeadline(sent, MAIL_MS, () => new Error('late'))) ? null : 'disabled';
    } catch {
      failure = 'connection_failed';
    }
    return { status: null, failure, retryAfter: null, durationMs: Math.round(performance.now() - began) };
  }
}
