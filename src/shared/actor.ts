import type { Subject } from './subject.js';

/** The issuer of service keys, whose subject is their id. The configuration refuses it as the name of another issuer. */
export const SERVICE_KEY_ISSUER = 'service-key';

/** The issuer of keys that give themselves up, whose subject is their id. The configuration refuses it, too. */
export const API_KEY_ISSUER = 'api-key';

/** Where a call came from. */
export interface Origin {
  /** The address of the client. */
  readonly address: string;
  /** The `X-Request-Id` of the answer. */
  readonly requestId: string;
  /** The `User-Agent` of the call, as it came; null when there was none. */
  readonly userAgent: string | null;
  /** The trace that the call is part of; left out where nothing is traced. */
  readonly traceId?: string;
}

/** Whoever calls: a person, or a machine with a service key. */
export interface Caller extends Subject {
  /** Of a service key: whose it is, an application's or with null the platform's. Undefined for a person. */
  readonly serviceOf?: string | null;
}

/** Who makes a change, and from where. */
export interface Actor extends Caller {
  /** The `jti` of the access token that was shown, or the id of the key's secret; null where there was none. */
  readonly tokenId: string | null;
  /** Of its `Origin`; null for what is done without a call. */
  readonly address: string | null;
  readonly requestId: string | null;
  readonly userAgent: string | null;
  readonly traceId?: string;
}

/** The issuer of what this service does by itself. The configuration refuses it as the name of another issuer. */
export const SYSTEM_ISSUER = 'system';

/** What is done without a caller: by a timer, or on the operator's machine. */
export type SystemTask =
  'purge' | 'revocation' | 'overlap' | 'sign-in' | 'operator' | 'mail' | 'leak' | 'webhooks';

export function systemActor(task: SystemTask): Actor {
  const nowhere = { address: null, requestId: null, userAgent: null };
  return { issuer: SYSTEM_ISSUER, subject: task, tokenId: null, ...nowhere };
}

/** A person, as an actor of whom no token is at hand: who signs in, for instance. */
export function personActor({ issuer, subject }: Subject, origin: Origin): Actor {
  const { address, requestId, userAgent, traceId } = origin;
  return {
    issuer,
    subject,
    tokenId: null,
    address,
    requestId,
    userAgent,
    ...(traceId !== undefined && { traceId }),
  };
}
