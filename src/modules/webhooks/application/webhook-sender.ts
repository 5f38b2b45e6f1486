import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { withDeadline } from '../../../shared/concurrency/deadline.js';
import { AccountMails } from '../../auth/index.js';
import { retryDelay, type DeliveryFailure } from '../domain/delivery.js';
import { mailOf } from '../domain/owner-mail.js';
import { WebhookSecretSeal } from '../domain/webhook-secret.js';
import { DeliveryQueue, WebhookTransport, type Attempt, type DueDelivery } from './ports.js';

/** Requests of this process at once. */
const CONCURRENCY = 50;
/** Of one application: a receiver that hangs holds up no others. */
const CONCURRENCY_OF_APPLICATION = 5;

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
  private readonly underWay = new Map<string, number>();
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
    const most = CONCURRENCY - this.sending.size;
    if (this.stopped || most <= 0) return false;
    const { due, mayBeMore } = await this.queue.claim({
      most,
      ofApplication: CONCURRENCY_OF_APPLICATION,
      underWay: this.underWay,
    });
    for (const delivery of due) this.begin(delivery);
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

  private begin(delivery: DueDelivery): void {
    const { applicationId } = delivery;
    this.underWay.set(applicationId, (this.underWay.get(applicationId) ?? 0) + 1);
    const sending = this.send(delivery)
      .catch((error: unknown) => {
        // Its lease ends, and it is sent once more.
        this.logger.warn(`What became of a webhook was not written: ${(error as Error).message}`);
      })
      .finally(() => {
        const left = (this.underWay.get(applicationId) ?? 1) - 1;
        if (left === 0) this.underWay.delete(applicationId);
        else this.underWay.set(applicationId, left);
        this.sending.delete(sending);
        if (!this.stopped) this.more?.();
      });
    this.sending.add(sending);
  }

  private async send(delivery: DueDelivery): Promise<void> {
    const attempt = await this.attempt(delivery);
    const { failure } = attempt;
    this.counts[failure ?? 'delivered'] += 1;
    if (failure === 'gone') await this.queue.disable(delivery);
    const isFinal = failure === 'gone' || failure === 'disabled';
    const retryIn = isFinal ? null : retryDelay(delivery.attempts, attempt.retryAfter, Math.random());
    await this.queue.finish(delivery, attempt, retryIn);
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
