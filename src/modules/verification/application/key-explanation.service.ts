import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { Meter } from '../../metering/index.js';
import { checksOf, type KeyCheck, type Remaining } from '../domain/key-checks.js';
import type { VerdictCode, VerificationRecord, VerificationRequest } from '../domain/verification.js';
import { VerificationRecords, type Caller } from './verification-records.js';

/** What a verification would have come to, and why. */
export interface KeyExplanation {
  readonly code: VerdictCode;
  /** In the order of the contract. */
  readonly checks: readonly KeyCheck[];
  /** Null for what is no key of the application. */
  readonly record: VerificationRecord | null;
}

const NOTHING: Remaining = { rateLimits: [], keyCredits: null, applicationCredits: null };

/** Tells who manages an application how a key of it would be judged, and leaves no trace of having done so. */
@Injectable()
export class KeyExplanationService {
  constructor(
    private readonly records: VerificationRecords,
    private readonly clock: Clock,
    private readonly meter: Meter,
  ) {}

  /**
   * Counts and spends nothing, and nobody who observes verifications is told. A key of another application is as unknown
   * as one that there is not. Throws `service_unavailable`, and what `VerificationRecords.find` throws.
   */
  async explain(
    presented: string,
    applicationId: string,
    request: Omit<VerificationRequest, 'applicationId'>,
    caller: Caller,
  ): Promise<KeyExplanation> {
    const found = await this.records.find({ text: presented, applicationId }, caller);
    if (found.stale)
      throw new DomainError('service_unavailable', 'Try again in a moment.', { retryAfter: 1 });
    const record = isOf(applicationId, found.record) ? found.record : null;
    const metering = record?.metering ?? null;
    const remaining = metering === null ? NOTHING : await this.meter.look(metering);
    const checks = checksOf(record, request, this.clock.epochMs(), remaining);
    const code = checks.find(({ outcome }) => outcome === 'failed')?.code ?? 'VALID';
    return { code, checks, record };
  }
}

/** A service key is a credential for this service: its application manages it. */
function isOf(applicationId: string, record: VerificationRecord | null): boolean {
  return record !== null && record.environment !== 'service' && record.applicationId === applicationId;
}
