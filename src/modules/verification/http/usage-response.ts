import type { Usage } from '../../metering/index.js';
import type { HeaderSink } from './header-sink.js';

/** What the body of an answer says of it. */
export interface UsageFields {
  readonly rateLimits: Usage['rateLimits'] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly credits: { readonly remaining: number } | undefined;
  readonly applicationCredits: { readonly remaining: number } | undefined;
}

export function usageFields(usage: Usage): UsageFields {
  return {
    rateLimits: usage.rateLimits.length === 0 ? undefined : usage.rateLimits,
    retryAfterSeconds: usage.retryAfterSeconds ?? undefined,
    credits: usage.keyRemaining === null ? undefined : { remaining: usage.keyRemaining },
    applicationCredits:
      usage.applicationRemaining === null ? undefined : { remaining: usage.applicationRemaining },
  };
}

/** The RateLimit fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After (RFC 9110, section 10.2.3). */
export function setUsageHeaders(reply: HeaderSink, usage: Usage): void {
  if (usage.retryAfterSeconds !== null) reply.header('Retry-After', String(usage.retryAfterSeconds));
  if (usage.keyRemaining !== null) reply.header('X-Credits-Remaining', String(usage.keyRemaining));
  if (usage.applicationRemaining !== null) {
    reply.header('X-Application-Credits-Remaining', String(usage.applicationRemaining));
  }
  if (usage.rateLimits.length === 0) return;
  // Lists of strings with parameters (RFC 9651, section 3.1). A limit's name holds nothing that needs escaping.
  const policies = usage.rateLimits.map(({ name, limit, windowSeconds: w }) => `"${name}";q=${limit};w=${w}`);
  const left = usage.rateLimits.map(
    ({ name, remaining, resetSeconds: t }) => `"${name}";r=${remaining};t=${t}`,
  );
  reply.header('RateLimit-Policy', policies.join(', '));
  reply.header('RateLimit', left.join(', '));
}
