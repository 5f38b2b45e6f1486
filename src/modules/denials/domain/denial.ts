import { keyStatus } from '../../../shared/key-status.js';
import { covers } from '../../../shared/key-scopes.js';
import type { DenialCode, ObservedVerification } from '../../verification/index.js';

/** What exactly has failed. */
export const DENIAL_CAUSES = [
  /** What was shown cannot be a key: its form, its checksum or its tag is wrong. */
  'malformed',
  /** No key of the application has this secret. */
  'unknown',
  /** The key is of another application than the one that was asked for. */
  'other_application',
  /** It is a service key, which is shown to this service and to no other. */
  'service_key',
  'revoked',
  /** The key was not, but the secret of it that was shown. */
  'secret_revoked',
  'disabled',
  'key_expired',
  'secret_expired',
  /** The key is bound to addresses, and the client's is none of them. */
  'address_not_allowed',
  /** The same, and whoever asked did not say what the client's address is. */
  'address_not_given',
  'scopes_missing',
  'rate_limit',
  'credits_of_key',
  'credits_of_application',
] as const;
export type DenialCause = (typeof DENIAL_CAUSES)[number];

/** By how much it has failed. What does not belong to the cause is left out. */
export interface DenialDetails {
  /** Since it has expired. */
  readonly expiredForSeconds?: number;
  /** Those that were asked for, and of these the ones that the key lacks: the first of each. */
  readonly scopes?: readonly string[];
  readonly missingScopes?: readonly string[];
  /** The limits that were used up. */
  readonly rateLimits?: readonly ExceededLimit[];
  /** When it would have passed, if nothing else had come; null if never. */
  readonly retryAfterSeconds?: number | null;
  readonly cost?: number;
  readonly remaining?: number;
}

interface ExceededLimit {
  readonly name: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly remaining: number;
}

/** Why a verification was refused, as whoever owns what was refused may know it. */
export interface Denial {
  /** The key that was shown; null for what is no key of the application. */
  readonly keyId: string | null;
  readonly applicationId: string;
  readonly verdict: DenialCode;
  readonly cause: DenialCause;
  readonly details: DenialDetails;
  /** Of the answer; null where the service that asked is not the application's own. */
  readonly requestId: string | null;
  /** Of the client, as the service that asked has told; null when it did not, or is not the application's own. */
  readonly address: string | null;
  /** Of the service that asked; null where it is not the application's own. */
  readonly callerAddress: string | null;
}

type Origin = Pick<Denial, 'requestId' | 'address' | 'callerAddress'>;

/** Where a stranger asked. */
const NOWHERE: Origin = { requestId: null, address: null, callerAddress: null };

/** Scopes that are kept of one denial. */
const MAX_SCOPES = 20;

/**
 * Explains a refusal to those whom it concerns: the application of the key, and the application in whose name somebody
 * asked about a key that is none of its own. Nobody is told of another application, nor of its caller, what that one calls
 * its request, or whose address it has told. Pure.
 */
export function explain(verification: ObservedVerification): Denial[] {
  const { verdict, record, source, caller, request } = verification;
  if (verdict.valid) return [];
  const asked = caller.keysOf ?? request.applicationId ?? null;
  const isStrange = verdict.code === 'NOT_FOUND';
  const denials: Denial[] = [];
  if (record !== null && record.applicationId !== null) {
    const { keyId, applicationId } = record;
    const isAskedByStranger = asked !== null && asked !== applicationId;
    const origin = isAskedByStranger ? NOWHERE : originOf(verification);
    denials.push({ keyId, applicationId, verdict: verdict.code, ...origin, ...causeOf(verification) });
  }
  if (isStrange && asked !== null && asked !== record?.applicationId) {
    const cause = source === 'form' ? 'malformed' : 'unknown';
    denials.push({
      keyId: null,
      applicationId: asked,
      verdict: 'NOT_FOUND',
      cause,
      details: {},
      ...originOf(verification),
    });
  }
  return denials;
}

function originOf({ caller, request }: ObservedVerification): Origin {
  return { requestId: caller.requestId, address: request.ip ?? null, callerAddress: caller.address };
}

/** Of a refusal of a key that there is. */
function causeOf({ verdict, record, request, at }: ObservedVerification): Pick<Denial, 'cause' | 'details'> {
  if (record === null || verdict.valid) return { cause: 'unknown', details: {} };
  const { scopes = [] } = request;
  switch (verdict.code) {
    case 'NOT_FOUND':
      return { cause: record.environment === 'service' ? 'service_key' : 'other_application', details: {} };
    case 'REVOKED':
      return { cause: 'revoked', details: {} };
    case 'DISABLED':
      return { cause: 'disabled', details: {} };
    case 'EXPIRED':
      return keyStatus(record, at) === 'expired'
        ? { cause: 'key_expired', details: overdue(record.expiresAt, at) }
        : { cause: 'secret_expired', details: overdue(record.secretExpiresAt, at) };
    case 'FORBIDDEN':
      return {
        cause: request.ip === undefined ? 'address_not_given' : 'address_not_allowed',
        details: {},
      };
    case 'INSUFFICIENT_PERMISSIONS':
      return {
        cause: 'scopes_missing',
        details: {
          scopes: scopes.slice(0, MAX_SCOPES),
          missingScopes: scopes.filter((scope) => !covers(record.scopes, scope)).slice(0, MAX_SCOPES),
        },
      };
    case 'RATE_LIMITED': {
      const counted = record.metering?.limits?.limits ?? [];
      const { rateLimits = [], retryAfterSeconds = null } = verdict.usage ?? {};
      const exceeded = rateLimits.filter(({ remaining }, i) => remaining < (counted[i]?.cost ?? 1));
      return {
        cause: 'rate_limit',
        details: {
          rateLimits: exceeded.map(({ name, limit, windowSeconds, remaining }) => ({
            name,
            limit,
            windowSeconds,
            remaining,
          })),
          retryAfterSeconds,
        },
      };
    }
    case 'USAGE_EXCEEDED': {
      const { cost = 1 } = request;
      const {
        keyRemaining = null,
        applicationRemaining = null,
        retryAfterSeconds = null,
      } = verdict.usage ?? {};
      const ofKey = keyRemaining !== null && keyRemaining < cost;
      const remaining = (ofKey ? keyRemaining : applicationRemaining) ?? 0;
      return {
        cause: ofKey ? 'credits_of_key' : 'credits_of_application',
        details: { cost, remaining, retryAfterSeconds },
      };
    }
  }
}

function overdue(expiredAt: number | null, at: number): DenialDetails {
  return { expiredForSeconds: Math.max(0, Math.floor((at - (expiredAt ?? at)) / 1000)) };
}
