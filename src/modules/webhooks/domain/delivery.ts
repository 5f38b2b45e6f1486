import { DomainError } from '../../../shared/domain-error.js';

export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Why the last attempt of a delivery has failed. */
export const DELIVERY_FAILURES = [
  /** No whole answer within the time. */
  'timeout',
  /** The name leads to an address that nothing is sent to: a private one, of this machine, or of its cloud. */
  'address_refused',
  /** The name leads nowhere. */
  'name_not_found',
  /** There was no connection, or it broke off. */
  'connection_failed',
  /** The certificate is not good. */
  'certificate_refused',
  /** An answer of 300 to 399. They are not followed. */
  'redirect',
  /** Another answer than 200 to 299. */
  'status',
  /** An answer of 410: the webhook was disabled. */
  'gone',
  /** The webhook was disabled or deleted before it was sent. */
  'disabled',
  /** The secret could not be opened: its pepper is missing. */
  'secret_unavailable',
] as const;
export type DeliveryFailure = (typeof DELIVERY_FAILURES)[number];

/** What became of an event for one webhook. */
export interface Delivery {
  /** The place in the list. */
  readonly seq: string;
  /** The `webhook-id` that the receiver sees, the same with each attempt. */
  readonly messageId: string;
  readonly type: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly attemptedAt: Date | null;
  /** Of one that is pending: when it is tried next. */
  readonly nextAttemptAt: Date | null;
  /** The status of the last answer; null when there was none. */
  readonly status: number | null;
  readonly failure: DeliveryFailure | null;
  readonly durationMs: number | null;
}

export function deliveryNotFound(): DomainError {
  return new DomainError(
    'delivery_not_found',
    'The webhook has no delivery of this id: they are deleted after a while.',
  );
}

/** Seconds between one attempt and the next: a day in all, most of it for receivers that are down for hours. */
export const RETRY_DELAYS = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 36_000] as const;

/** A receiver may ask to be left alone for so many seconds. */
const MAX_RETRY_AFTER = 3600;

/**
 * Seconds until the next attempt; null after the last one. Attempts are counted and no end is reckoned, so that a clock
 * that jumps ahead ends no delivery. The jitter, of 20 per cent, keeps what has failed together from coming back together.
 *
 * @param attempts that were made
 * @param retryAfter seconds that the receiver asked for
 * @param random from 0 to 1
 */
export function retryDelay(attempts: number, retryAfter: number | null, random: number): number | null {
  const delay = RETRY_DELAYS[attempts - 1];
  if (delay === undefined) return null;
  const jittered = delay * (0.8 + 0.4 * random);
  return retryAfter === null ? jittered : Math.max(jittered, Math.min(retryAfter, MAX_RETRY_AFTER));
}
