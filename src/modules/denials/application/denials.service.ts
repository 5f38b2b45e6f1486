import { Injectable } from '@nestjs/common';
import { readPage, toPage } from '../../../shared/page.js';
import { DenialRecords, type DenialPage, type DenialSubject } from './denial-records.js';

/** Why verifications were refused lately. */
@Injectable()
export class DenialsService {
  constructor(private readonly records: DenialRecords) {}

  /** The latest first. Throws `invalid_cursor`. */
  async list(subject: DenialSubject, query: { limit?: number; cursor?: string }): Promise<DenialPage> {
    const filter = { ...subject };
    const page = readPage(query, filter);
    return toPage(await this.records.list(subject, page), page.limit, filter);
  }
}
