import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { chain } from '../../../shared/concurrency/chain.js';
import { DomainError } from '../../../shared/domain-error.js';
import { Meter, type Metered } from '../../metering/index.js';
import {
  decideVerification,
  type Verdict,
  type VerificationRecord,
  type VerificationRequest,
} from '../domain/verification.js';
import { VerificationObservers } from './verification-observer.js';
import {
  VerificationRecords,
  type FoundRecord,
  type PresentedKey,
  type VerifyingCaller,
} from './verification-records.js';

/** Bytes that the answer to a batch may have. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Of a verdict without metadata and scopes: names and ids, ten limits and the credits, in JSON. */
const VERDICT_BYTES = 4096;

type Accepted = Verdict & { valid: true };

/** Answers the question services ask all day: who is this, and may it? */
@Injectable()
export class VerificationService {
  constructor(
    private readonly records: VerificationRecords,
    private readonly clock: Clock,
    private readonly observers: VerificationObservers,
    private readonly meter: Meter,
  ) {}

  /**
   * Returns the verdict at once when all that it takes is in memory: a promise costs as much as the verdict itself.
   * Throws, or rejects, only when the question cannot be answered.
   */
  verify(
    presented: string,
    request: VerificationRequest,
    caller: VerifyingCaller,
  ): Verdict | Promise<Verdict> {
    return chain(this.records.find(presentedTo(caller, presented, request), caller), (found) =>
      this.decide(found, request, caller),
    );
  }

  /** The verdicts on many keys, in their order. */
  async verifyAll(
    questions: readonly { key: string; request: VerificationRequest }[],
    caller: VerifyingCaller,
  ): Promise<Verdict[]> {
    const found = await this.records.findAll(
      questions.map(({ key, request }) => presentedTo(caller, key, request)),
      caller,
    );
    // Before anything is counted or spent.
    refuseLargeAnswer(found);
    return Promise.all(
      found.map(async (record, i) => this.decide(record, questions[i]?.request ?? {}, caller)),
    );
  }

  private decide(
    found: FoundRecord,
    request: VerificationRequest,
    caller: VerifyingCaller,
  ): Verdict | Promise<Verdict> {
    const now = this.clock.epochMs();
    const verdict = judge(found, request, now, caller.keysOf);
    const metering = verdict.valid ? verdict.record.metering : null;
    if (!verdict.valid || metering === null)
      return this.observed(verdict, found, request, caller, now, false);
    return chain(this.meter.check(metering, request.cost ?? 1), (metered) =>
      this.observed(afterMetering(verdict, metered), found, request, caller, now, metered.isCounted),
    );
  }

  private observed(
    verdict: Verdict,
    { record, source }: FoundRecord,
    request: VerificationRequest,
    caller: VerifyingCaller,
    at: number,
    isCounted: boolean,
  ): Verdict {
    this.observers.observe({ verdict, record, source, request, caller, isCounted, at });
    return verdict;
  }
}

/** The key of the application that the caller may ask about, or else of the one that they name. */
function presentedTo(
  { keysOf }: VerifyingCaller,
  text: string,
  { applicationId }: VerificationRequest,
): PresentedKey {
  return { text, applicationId: keysOf ?? applicationId ?? null };
}

/** Throws `payload_too_large` for records whose verdicts would be more than one answer may hold. */
function refuseLargeAnswer(found: readonly FoundRecord[]): void {
  const bytes = found.reduce((sum, { record }) => sum + (record === null ? 0 : maxAnswerBytes(record)), 0);
  if (bytes > MAX_ANSWER_BYTES) {
    throw new DomainError(
      'payload_too_large',
      'Ask for fewer keys at once: with their metadata the answer would be larger than 1 MiB.',
    );
  }
}

/** Bytes of a verdict on a key, at most. */
function maxAnswerBytes({ metadata, scopes }: VerificationRecord): number {
  return (
    VERDICT_BYTES + Buffer.byteLength(metadata) + scopes.reduce((sum, { length }) => sum + length + 3, 0)
  );
}

/** Before limits and credits, which somebody may have to be asked for. */
function judge(
  { record, stale }: FoundRecord,
  request: VerificationRequest,
  now: number,
  keysOf: string | null,
): Verdict {
  const verdict = decideVerification(record, request, now, keysOf);
  return stale ? { ...verdict, stale } : verdict;
}

/** Field by field: to copy a verdict by its spread costs as much as to make it. */
function afterMetering({ record, expiresSoon, stale }: Accepted, { code, usage }: Metered): Verdict {
  return code === 'VALID'
    ? { valid: true, code, record, expiresSoon, stale, usage }
    : { valid: false, code, stale, usage };
}
