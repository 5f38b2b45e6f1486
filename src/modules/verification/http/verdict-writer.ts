import type { VerifyingCaller } from '../application/verification-records.js';
import type { Verdict } from '../domain/verification.js';
import type { HeaderSink } from './header-sink.js';
import { setUsageHeaders, usageFields, type UsageFields } from './usage-response.js';

/** Said where an answer may be out of date, because the operator prefers that to none (`VERIFY_STALE_MS`). */
const STALE_HEADER = 'X-Verification-Stale';

/** Said where limits could not be checked, because the operator prefers that to no answer (`RATE_LIMIT_ON_FAILURE`). */
const UNCHECKED_HEADER = 'X-RateLimit-Unchecked';

/** RFC 8594: the secret has been replaced, and stops working then. */
const SUNSET_HEADER = 'Sunset';

/** Who is told of a verdict. Those who show no service key see only what possession of the key entitles them to. */
type Reader = Pick<VerifyingCaller, 'isAnonymous'>;

/** Puts a verdict into the headers of an answer, and returns its body. */
export function writeVerdict(reply: HeaderSink, verdict: Verdict, reader: Reader): object {
  writeVerdictHeaders(reply, verdict, reader);
  return toAnswer(verdict, reader);
}

/** The same for many verdicts in one answer, whose headers speak of none of them alone. */
export function writeVerdicts(reply: HeaderSink, verdicts: readonly Verdict[], reader: Reader): object {
  if (verdicts.some(({ stale }) => stale)) reply.header(STALE_HEADER, 'true');
  if (verdicts.some(({ usage }) => usage?.unchecked)) reply.header(UNCHECKED_HEADER, 'true');
  return { results: verdicts.map((verdict) => toAnswer(verdict, reader)) };
}

/** The headers of a verdict, with or without a body. */
export function writeVerdictHeaders(reply: HeaderSink, verdict: Verdict, { isAnonymous }: Reader): void {
  const { stale, usage } = verdict;
  if (stale) reply.header(STALE_HEADER, 'true');
  if (isAnonymous) return;
  if (usage !== undefined) {
    if (usage.unchecked) reply.header(UNCHECKED_HEADER, 'true');
    setUsageHeaders(reply, usage);
  }
  if (verdict.valid && verdict.record.secretExpiresAt !== null) {
    reply.header(SUNSET_HEADER, new Date(verdict.record.secretExpiresAt).toUTCString());
  }
}

/** The only place that says what of a verdict leaves the service. */
function toAnswer(verdict: Verdict, { isAnonymous }: Reader): object {
  const { valid, code, usage } = verdict;
  if (isAnonymous) return toAnonymousAnswer(verdict);
  if (!valid) return usage === undefined ? verdict : { valid, code, ...usageFields(usage) };
  const { record } = verdict;
  const { rateLimits, retryAfterSeconds, credits, applicationCredits } =
    usage === undefined ? NO_USAGE : usageFields(usage);
  return {
    valid: true,
    code,
    keyId: record.keyId,
    applicationId: record.applicationId,
    ownerId: record.ownerId,
    ownerIssuer: record.ownerIssuer ?? undefined,
    name: record.name,
    environment: record.environment,
    scopes: record.scopes,
    metadata: metadataOf(record.metadata),
    expiresAt: record.expiresAt === null ? null : timeOf(record.expiresAt),
    warning: verdict.expiresSoon ? 'EXPIRES_SOON' : undefined,
    externalId: record.externalId ?? undefined,
    secretId: record.secretId,
    secretExpiresAt: record.secretExpiresAt === null ? undefined : timeOf(record.secretExpiresAt),
    rateLimits,
    retryAfterSeconds,
    credits,
    applicationCredits,
  };
}

const NO_USAGE: Partial<UsageFields> = Object.freeze({});

const NO_METADATA = Object.freeze({});

function metadataOf(json: string): object {
  return json === '{}' ? NO_METADATA : (JSON.parse(json) as object);
}

function toAnonymousAnswer(verdict: Verdict): object {
  const { valid, code } = verdict;
  if (!valid) return { valid, code };
  const { keyId, applicationId, environment, scopes, expiresAt } = verdict.record;
  return {
    valid,
    code,
    keyId,
    applicationId,
    environment,
    scopes,
    expiresAt: expiresAt === null ? null : timeOf(expiresAt),
  };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
