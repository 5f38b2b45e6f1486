import type { Verdict, VerificationRequest } from '../domain/verification.js';
import type { HeaderSink } from './header-sink.js';
import { usageFields } from './usage-answer.js';
import type { VerifyBody } from './verify.schema.js';

/** Said where an answer may be out of date, because the operator prefers that to none (`VERIFY_STALE_MS`). */
const STALE_HEADER = 'X-Verification-Stale';

/** Said where limits could not be checked, because the operator prefers that to no answer (`RATE_LIMIT_ON_FAILURE`). */
const UNCHECKED_HEADER = 'X-RateLimit-Unchecked';

/** What a body asks. Ids are compared in lower case (RFC 9562, section 4). */
export function toRequest(body: VerifyBody): VerificationRequest {
  return body.applicationId === undefined
    ? body
    : { ...body, applicationId: body.applicationId.toLowerCase() };
}

/** The headers of an answer with verdicts, beside what every answer has. */
export function setVerdictHeaders(reply: HeaderSink, verdicts: readonly Verdict[]): void {
  for (const { stale, usage } of verdicts) {
    if (stale) reply.header(STALE_HEADER, 'true');
    if (usage?.unchecked) reply.header(UNCHECKED_HEADER, 'true');
  }
}

/** The only place that says what of a verdict leaves the service. */
export function toAnswer(verdict: Verdict): object {
  const { valid, code, usage } = verdict;
  if (!valid) return usage === undefined ? verdict : { valid, code, ...usageFields(usage) };
  const { record } = verdict;
  const answer = {
    valid: true,
    code,
    keyId: record.keyId,
    applicationId: record.applicationId,
    ownerId: record.ownerId,
    ownerIssuer: record.ownerIssuer ?? undefined,
    name: record.name,
    environment: record.environment,
    scopes: record.scopes,
    metadata: record.metadata,
    expiresAt: record.expiresAt === null ? null : timeOf(record.expiresAt),
    warning: verdict.expiresSoon ? 'EXPIRES_SOON' : undefined,
    externalId: record.externalId ?? undefined,
    secretId: record.secretId,
    secretExpiresAt: record.secretExpiresAt === null ? undefined : timeOf(record.secretExpiresAt),
  };
  return usage === undefined ? answer : Object.assign(answer, usageFields(usage));
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
