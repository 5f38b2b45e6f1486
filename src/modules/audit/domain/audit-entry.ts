import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../shared/canonical-json.js';

/** Who did it, and from where. */
interface AuditActor {
  /** `local` for people who registered here, `service-key` for machines, `system` for the service and its operator. */
  readonly issuer: string;
  readonly subject: string;
  readonly tokenId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly userAgent: string | null;
  /** Left out where nothing was traced, as in every event of before there were traces. */
  readonly traceId?: string;
}

/** What was done. */
export interface AuditEvent {
  readonly action: string;
  readonly actor: AuditActor;
  readonly applicationId: string | null;
  readonly target: { readonly kind: string; readonly id: string };
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** An event in its chain. */
export interface AuditEntry {
  /** The id of an application, or one of the chains of the service. */
  readonly chain: string;
  /** 1 for the first of the chain. */
  readonly seq: number;
  /** By the clock of the database, in RFC 3339. It may be set back: the order is that of `seq`. */
  readonly time: string;
  readonly event: AuditEvent;
  /** The hash of the entry before, in hex; null for the first. */
  readonly previous: string | null;
  /** In hex. */
  readonly hash: string;
}

/** The SHA-256 of an entry without its hash, in the canonical form of RFC 8785. In hex. */
export function hashOf({ chain, event, previous, seq, time }: AuditEntry): string {
  return createHash('sha256').update(canonicalJson({ chain, event, previous, seq, time })).digest('hex');
}

const HASH = /^[0-9a-f]{64}$/;

/** Whether what was read from a file has the form of an entry. Whether it is one its hash tells. */
export function isAuditEntry(value: unknown): value is AuditEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { chain, event, hash, previous, seq, time } = value as Record<string, unknown>;
  return (
    typeof chain === 'string' &&
    typeof event === 'object' &&
    event !== null &&
    isHash(hash) &&
    (previous === null || isHash(previous)) &&
    Number.isSafeInteger(seq) &&
    typeof time === 'string'
  );
}

export function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value);
}
