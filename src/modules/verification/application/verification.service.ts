import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { Meter, type Metering } from '../../metering/index.js';
import { decideVerification, type Verdict, type VerificationRequest } from '../domain/verification.js';
import { Overlaps } from './overlaps.js';
import { KeyUsage } from './key-usage.js';
import { VerificationRecords, type FoundRecord } from './verification-records.js';

type Accepted = Verdict & { valid: true };

const UNKNOWN: FoundRecord = { record: null, stale: false };

/** Answers the question services ask all day: who is this, and may it? */
@Injectable()
export class VerificationService {
  private readonly logger = new Logger(VerificationService.name);
  /** The secrets whose overlap is being started: one call for all that are verified meanwhile. */
  private readonly starting = new Set<string>();

  constructor(
    private readonly records: VerificationRecords,
    private readonly clock: Clock,
    private readonly usage: KeyUsage,
    private readonly overlaps: Overlaps,
    private readonly meter: Meter,
  ) {}

  /** The verdict, when all that it takes is in memory; undefined when somebody must be waited for. */
  recall(presented: string, request: VerificationRequest): Verdict | undefined {
    const found = this.records.recall(presented);
    if (found === undefined || (found.record !== null && found.record.metering !== null)) return undefined;
    const now = this.clock.epochMs();
    const verdict = judge(found, request, now);
    if (verdict.valid) this.note(verdict, now);
    return verdict;
  }

  /**
   * Throws only when the question cannot be answered.
   *
   * @param from The address of the service that asks.
   */
  async verify(presented: string, request: VerificationRequest, from: string): Promise<Verdict> {
    const found = this.records.recall(presented) ?? (await this.records.find(presented, from));
    return this.decide(found, request);
  }

  /** The verdicts on many keys, in their order. */
  async verifyAll(
    questions: readonly { key: string; request: VerificationRequest }[],
    from: string,
  ): Promise<Verdict[]> {
    const found = await this.records.findAll(
      questions.map(({ key }) => key),
      from,
    );
    return Promise.all(questions.map(({ request }, i) => this.decide(found[i] ?? UNKNOWN, request)));
  }

  private async decide(found: FoundRecord, request: VerificationRequest): Promise<Verdict> {
    const now = this.clock.epochMs();
    const verdict = judge(found, request, now);
    if (!verdict.valid) return verdict;
    const { metering } = verdict.record;
    if (metering !== null) return this.metered(verdict, metering, request, now);
    this.note(verdict, now);
    return verdict;
  }

  private async metered(
    verdict: Accepted,
    metering: Metering,
    request: VerificationRequest,
    now: number,
  ): Promise<Verdict> {
    const { code, usage } = await this.meter.check(metering, request.cost ?? 1);
    if (code === 'VALID') {
      this.note(verdict, now);
      return { ...verdict, usage };
    }
    return { valid: false, code, usage, ...(verdict.stale === undefined ? {} : { stale: verdict.stale }) };
  }

  private note({ record }: Accepted, now: number): void {
    this.usage.note(record.keyId, now);
    if (record.startsOverlap) this.startOverlap(record.secretId);
  }

  /** Behind the answer. Should it fail, the record still says so, and the next verification tries again. */
  private startOverlap(secretId: string): void {
    if (this.starting.has(secretId)) return;
    this.starting.add(secretId);
    this.overlaps
      .start(secretId)
      .catch((error: unknown) => {
        this.logger.warn(`could not start the overlap of a new secret: ${(error as Error).message}`);
      })
      .finally(() => this.starting.delete(secretId));
  }
}

/** Before limits and credits, which somebody has to be asked for. */
function judge({ record, stale }: FoundRecord, request: VerificationRequest, now: number): Verdict {
  const verdict = decideVerification(record, request, now);
  return stale ? { ...verdict, stale } : verdict;
}
