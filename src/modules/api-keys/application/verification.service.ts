import { Injectable, Logger } from '@nestjs/common';
import { parseKey } from '../domain/key-format.js';
import {
  NOT_FOUND,
  decideVerification,
  type Verdict,
  type VerificationRequest,
} from '../domain/verification.js';
import { Overlaps } from './overlaps.js';
import { VerificationRecords } from './verification-records.js';

/** Answers the question services ask all day: who is this, and may it? */
@Injectable()
export class VerificationService {
  private readonly logger = new Logger(VerificationService.name);
  /** The secrets whose overlap is being started: one call for all that are verified meanwhile. */
  private readonly starting = new Set<string>();

  constructor(
    private readonly records: VerificationRecords,
    private readonly overlaps: Overlaps,
  ) {}

  /** Throws only when the question cannot be answered. */
  async verify(presented: string, request: VerificationRequest): Promise<Verdict> {
    const key = parseKey(presented);
    if (key === null) return NOT_FOUND;
    const { record, now } = await this.records.find(key);
    const verdict = decideVerification(record, request, now);
    if (verdict.valid && verdict.record.startsOverlap) this.startOverlap(verdict.record.secretId);
    return verdict;
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
