import type { LimitReport, Usage } from '../../metering/index.js';
import type { HeaderSink } from './header-sink.js';

/** What the body of an answer says of it. */
export function usageFields(usage: Usage): object {
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
  reply.header(
    'RateLimit-Policy',
    list(usage.rateLimits, ({ limit, windowSeconds }) => ({ q: limit, w: windowSeconds })),
  );
  reply.header(
    'RateLimit',
    list(usage.rateLimits, ({ remaining, resetSeconds }) => ({ r: remaining, t: resetSeconds })),
  );
}

/** A list of strings with parameters (RFC 9651, section 3.1). A limit's name holds nothing that needs escaping. */
function list(reports: readonly LimitReport[], parametersOf: (report: LimitReport) => object): string {
  return reports
    .map((report) =>
      [
        `"${report.name}"`,
        ...Object.entries(parametersOf(report)).map(([key, value]) => `${key}=${value}`),
      ].join(';'),
    )
    .join(', ');
}
