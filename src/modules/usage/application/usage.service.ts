import { Injectable } from '@nestjs/common';
import { noCounts } from '../domain/counts.js';
import type { Usage, UsageGroup, UsageGrouping } from '../domain/usage.js';
import { bucketsOf, type UsageRange } from '../domain/usage-range.js';
import { UsageRecords, type UsageSubject } from './usage-records.js';

/** How often keys were verified, and with which verdicts. */
@Injectable()
export class UsageService {
  constructor(private readonly records: UsageRecords) {}

  /** With zeros where there was nothing. */
  async usageOf(subject: UsageSubject, range: UsageRange): Promise<Usage> {
    const buckets = bucketsOf(range).map((start) => ({ start, counts: noCounts() }));
    const byStart = new Map(buckets.map((bucket) => [bucket.start.getTime(), bucket]));
    const counts = noCounts();
    for (const { start, verdict, count } of await this.records.find(subject, range)) {
      counts[verdict] += count;
      const bucket = byStart.get(start.getTime());
      if (bucket !== undefined) bucket.counts[verdict] += count;
    }
    return { counts, buckets };
  }

  /** The groups with the most verifications, the largest first. */
  largestGroups(
    applicationId: string,
    range: UsageRange,
    grouping: UsageGrouping,
    limit: number,
  ): Promise<UsageGroup[]> {
    return this.records.findLargest(applicationId, range, grouping, limit);
  }
}
