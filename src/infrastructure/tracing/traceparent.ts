import type { IncomingMessage } from 'node:http';
import { repeatsCredential } from '../http/request-id.js';

/** What a caller says of the trace that its request is part of. */
export interface RemoteParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Of version 00, or of a later one, which may have more after it (W3C Trace Context, section 3.2). */
const FORM =
  /^(?!ff)(?<version>[0-9a-f]{2})-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<more>-[\x21-\x7e]{0,200})?$/;
const SAMPLED = 0x01;

/**
 * Reads the `traceparent` of a request. Undefined where there is none, or one that is not to be heeded: malformed, given
 * twice, all zeros, or one that repeats a credential of the same request, since it is logged.
 */
export function remoteParentOf(message: IncomingMessage): RemoteParent | undefined {
  const given = message.headers.traceparent;
  // The longest that is read; a header may be as long as all of them together.
  if (typeof given !== 'string' || given.length > 256) return undefined;
  const { version, traceId = '', spanId = '', flags = '', more } = FORM.exec(given)?.groups ?? {};
  if (version === undefined || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  if (repeatsCredential(traceId, message) || repeatsCredential(spanId, message)) return undefined;
  return { traceId, spanId, isSampled: (parseInt(flags, 16) & SAMPLED) !== 0 };
}
