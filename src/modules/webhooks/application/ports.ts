import type { DeliveryFailure } from '../domain/delivery.js';
import type { SealedSecret } from '../domain/webhook-secret.js';

/** A delivery that this node is to attempt, until its lease ends. */
export interface DueDelivery {
  readonly webhookId: string;
  readonly applicationId: string;
  readonly seq: string;
  readonly messageId: string;
  readonly subjectId: string;
  readonly body: string;
  /** Attempts, with this one. */
  readonly attempts: number;
  /** By which the end of the attempt is recognised as that of who has it now. */
  readonly lease: string;
  readonly url: string;
  /** The user whom it is mailed to, in place of a URL; null for none. */
  readonly mailsTo: string | null;
  /** Whether the webhook still wants it. */
  readonly isWanted: boolean;
  readonly secret: SealedSecret;
  /** The former one, while it signs. */
  readonly previousSecret: SealedSecret | null;
}

/** How an attempt has ended. */
export interface Attempt {
  /** The status of the answer; null when there was none. */
  readonly status: number | null;
  /** Null when it was taken. */
  readonly failure: DeliveryFailure | null;
  /** Seconds that the receiver wants to be left alone for; null when it did not say. */
  readonly retryAfter: number | null;
  readonly durationMs: number;
}

/** What a node is at, for whom. */
export interface UnderWay {
  readonly applicationId: string;
  readonly webhookId: string;
}

/** What a node has room for, of receivers that answer quickly or of those that do not. */
export interface Room {
  /** Whether it is for the webhooks whose last attempt took long. */
  readonly isSlow: boolean;
  /** Of all together. */
  readonly most: number;
  /** Of one application, with those of this room that are under way. */
  readonly ofApplication: number;
  /** Of one webhook, with all that are under way. */
  readonly ofWebhook: number;
  /** In this room. */
  readonly underWay: readonly UnderWay[];
  /** In the other one. */
  readonly elsewhere: readonly UnderWay[];
}

export interface Claim {
  readonly due: readonly DueDelivery[];
  /** Whether it is worth asking again at once. */
  readonly mayBeMore: boolean;
}

/** Deliveries that are yet to be made, shared by all nodes. Nothing of it keeps a transaction open. */
export abstract class DeliveryQueue {
  /**
   * Takes deliveries that are due, of as many applications as there are, in turns, and of as many webhooks of each. Of one
   * key and webhook it takes the oldest alone.
   */
  abstract claim(room: Room): Promise<Claim>;
  /**
   * Writes how an attempt has ended, unless the lease was lost.
   *
   * @param retryIn seconds; null for the last attempt
   * @param isSlow whether the next one is one for the room of the slow
   */
  abstract finish(
    delivery: DueDelivery,
    attempt: Attempt,
    retryIn: number | null,
    isSlow: boolean,
  ): Promise<void>;
  /** Disables a webhook whose receiver is gone. */
  abstract disable(delivery: DueDelivery): Promise<void>;
}

/** Posts to receivers. */
export abstract class WebhookTransport {
  /** Never rejects: whatever happens is how the attempt has ended. */
  abstract post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Attempt>;
}
