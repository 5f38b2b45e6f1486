import { Injectable } from '@nestjs/common';
import { parseKey } from '../domain/key-format.js';
import {
  NOT_FOUND,
  decideVerification,
  type Verdict,
  type VerificationRequest,
} from '../domain/verification.js';
import { VerificationRecords } from './verification-records.js';

/** Answers the question services ask all day: who is this, and may it? */
@Injectable()
export class VerificationService {
  constructor(private readonly records: VerificationRecords) {}

  /** Throws only when the question cannot be answered. */
  async verify(presented: string, request: VerificationRequest): Promise<Verdict> {
    const key = parseKey(presented);
    if (key === null) return NOT_FOUND;
    const { record, now } = await this.records.find(key);
    return decideVerification(record, request, now);
  }
}
