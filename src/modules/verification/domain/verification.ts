import type { AddressList, KeyKind } from '../../api-keys/index.js';
import { coversAll } from '../../../shared/key-scopes.js';
import { hasExpired, keyStatus, type KeyStatus } from '../../../shared/key-status.js';
import type { Metering, Usage } from '../../metering/index.js';

/** Everything a verdict needs to know of a key, and nothing else. */
export interface VerificationRecord {
  readonly keyId: string;
  /** Null for a service key of the platform. */
  readonly applicationId: string | null;
  /** Null, as is the issuer, for a key of the platform. */
  readonly ownerId: string | null;
  /** Null for an owner who registered here. */
  readonly ownerIssuer: string | null;
  readonly name: string;
  readonly environment: KeyKind;
  readonly scopes: readonly string[];
  /** Its JSON: the object takes many times the memory of the text. */
  readonly metadata: string;
  /** The key, or the secret that was presented. */
  readonly revoked: boolean;
  readonly enabled: boolean;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | null;
  readonly externalId: string | null;
  /** Null when the key may be used from everywhere. */
  readonly addresses: AddressList | null;
  /** The secret that was presented, and when it stops working. */
  readonly secretId: string;
  readonly secretExpiresAt: number | null;
  /** The first verification of this secret starts the overlap in which the older ones end. */
  readonly startsOverlap: boolean;
  /** Null for a key without limits and credits, whose verification is answered at once. */
  readonly metering: Metering | null;
  /** Where whoever counts the key keeps its counter while the record is in memory. Says nothing about the key. */
  readonly counterMemo?: CounterMemo;
}

/** A counter, and the table that it is in: after that one it counts for nothing. */
interface CounterMemo {
  counter: object | undefined;
  table: object | undefined;
}

/** What the service that was handed the key wants to know. */
export interface VerificationRequest {
  /** Refuses keys of any other application. */
  readonly applicationId?: string | undefined;
  /** The scopes needed, all of them. */
  readonly scopes?: readonly string[] | undefined;
  /** The client's address; unknown when left out. */
  readonly ip?: string | undefined;
  /** In credits, for a key or an application that has some; 1 when left out, 0 only asks. */
  readonly cost?: number | undefined;
}

export const DENIAL_CODES = [
  'NOT_FOUND',
  'REVOKED',
  'DISABLED',
  'EXPIRED',
  'FORBIDDEN',
  'INSUFFICIENT_PERMISSIONS',
  // Found by the meter, after everything above.
  'RATE_LIMITED',
  'USAGE_EXCEEDED',
] as const;

export type DenialCode = (typeof DENIAL_CODES)[number];

/** What verdicts there are. */
export const VERDICT_CODES = ['VALID', ...DENIAL_CODES] as const;
export type VerdictCode = (typeof VERDICT_CODES)[number];

/** A verdict is a value; an exception is a failure of ours. */
export type Verdict = (
  | {
      readonly valid: true;
      readonly code: 'VALID';
      readonly record: VerificationRecord;
      /** The key, or the secret that was used, stops working within seven days. */
      readonly expiresSoon: boolean;
    }
  | { readonly valid: false; readonly code: DenialCode }
) & {
  /** Made of what may be out of date: the database is out of reach. */
  readonly stale?: true | undefined;
  /** What is left, for a key with limits or credits. */
  readonly usage?: Usage;
};

const SOON_MS = 7 * 24 * 3600 * 1000;

interface Denial {
  readonly valid: false;
  readonly code: DenialCode;
}

const NOT_FOUND: Denial = { valid: false, code: 'NOT_FOUND' };
const REVOKED: Denial = { valid: false, code: 'REVOKED' };
const DISABLED: Denial = { valid: false, code: 'DISABLED' };
const EXPIRED: Denial = { valid: false, code: 'EXPIRED' };
const REFUSALS = { revoked: REVOKED, disabled: DISABLED, expired: EXPIRED };
const FORBIDDEN: Denial = { valid: false, code: 'FORBIDDEN' };
const INSUFFICIENT_PERMISSIONS: Denial = { valid: false, code: 'INSUFFICIENT_PERMISSIONS' };

/**
 * Who is this, and may it? Pure. `now` is the database's clock, in milliseconds, so that all nodes agree on expiry.
 * The order of the checks is part of the contract.
 *
 * @param keysOf the application whose keys the caller may ask about; null for those of all
 */
export function decideVerification(
  record: VerificationRecord | null,
  request: VerificationRequest,
  now: number,
  keysOf: string | null = null,
): Verdict {
  // A service key is a credential for this service, and for no other.
  if (record === null || record.environment === 'service') return NOT_FOUND;
  if (request.applicationId !== undefined && request.applicationId !== record.applicationId) return NOT_FOUND;
  if (keysOf !== null && keysOf !== record.applicationId) return NOT_FOUND;
  const refusal = stateOf(record, request.ip, now);
  if (refusal !== null) return refusal;
  if (request.scopes !== undefined && !coversAll(record.scopes, request.scopes))
    return INSUFFICIENT_PERMISSIONS;
  return { valid: true, code: 'VALID', record, expiresSoon: expiresSoon(record, now) };
}

/** What is wrong with a key whoever asks; null when nothing is. Pure, as `decideVerification`. */
export function stateOf(record: VerificationRecord, ip: string | undefined, now: number): Denial | null {
  const status = statusOf(record, now);
  if (status !== 'active') return REFUSALS[status];
  if (record.addresses !== null && !record.addresses.includes(ip)) return FORBIDDEN;
  return null;
}

/** The status of a key for who has presented this secret of it. Pure, as `decideVerification`. */
export function statusOf(record: VerificationRecord, now: number): KeyStatus {
  const status = keyStatus(record, now);
  return status === 'active' && hasExpired(record.secretExpiresAt, now) ? 'expired' : status;
}

function expiresSoon(record: VerificationRecord, now: number): boolean {
  const end = Math.min(record.expiresAt ?? Infinity, record.secretExpiresAt ?? Infinity);
  return end - now < SOON_MS;
}
