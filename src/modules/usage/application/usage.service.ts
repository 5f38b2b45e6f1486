import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { FairSemaphore } from '../../../shared/concurrency/fair-semaphore.js';
import { partyOf } from '../../../shared/concurrency/party-of.js';
import type { Subject } from '../../../shared/subject.js';
import { noCounts } from '../domain/counts.js';
import type { DailyUsage, Usage, UsageGroup, UsageGrouping } from '../domain/usage.js';
import { bucketsOf, type UsageRange } from '../domain/usage-range.js';
import { UsageRecords, type UsageSubject } from './usage-records.js';

/**
 * To add up an application with many keys takes the database seconds, and all that came at once would leave no connection
 * for anybody else. Some seconds' worth of them wait here.
 */
const READINGS = { running: 2, waiting: 20 };

/** How an application is read. */
interface Groups {
  readonly groupBy: UsageGrouping;
  readonly limit: number;
}

/** Of the application whose usage is read, who has it. */
interface OwnedApplication {
  readonly id: string;
  readonly owner: Subject;
}

/** How often keys were verified, and with which verdicts. */
@Injectable()
export class UsageService {
  private readonly semaphore = new FairSemaphore(READINGS, {
    detail: 'Too many read the usage of applications at once: try again in a moment.',
    retryAfter: 5,
  });

  constructor(private readonly records: UsageRecords) {}

  usageOfKey(keyId: string, range: UsageRange): Promise<Usage> {
    return this.usageOf({ keyId }, range);
  }

  /**
   * With the groups that have the most verifications, the largest first. Throws `service_unavailable` when too many read
   * at once.
   */
  usageOfApplication(
    actor: Actor,
    { id: applicationId, owner }: OwnedApplication,
    range: UsageRange,
    { groupBy, limit }: Groups,
  ): Promise<Usage & { groups: UsageGroup[] }> {
    // One statement after the other: a reading has one connection.
    return this.semaphore.run(partyOf(actor, owner), async () => ({
      ...(await this.usageOf({ applicationId }, range)),
      groups: await this.records.findLargest(applicationId, range, groupBy, limit),
    }));
  }

  /**
   * Of those of the keys that are of the application and were verified in the range. Throws `service_unavailable` when
   * too many read at once.
   */
  dailyUsageOf(
    actor: Actor,
    { id: applicationId, owner }: OwnedApplication,
    keyIds: readonly string[],
    range: UsageRange,
  ): Promise<DailyUsage[]> {
    return this.semaphore.run(partyOf(actor, owner), async () => {
      const days = bucketsOf(range).map((start) => start.getTime());
      const found = new Map<string, { keyId: string; valid: number[]; refused: number[] }>();
      for (const { keyId, start, valid, refused } of await this.records.findDays(
        applicationId,
        keyIds,
        range,
      )) {
        const usage = found.get(keyId) ?? { keyId, valid: days.map(() => 0), refused: days.map(() => 0) };
        const at = days.indexOf(start.getTime());
        usage.valid[at] = valid;
        usage.refused[at] = refused;
        found.set(keyId, usage);
      }
      return [...found.values()];
    });
  }

  /** With zeros where there was nothing. */
  private async usageOf(subject: UsageSubject, range: UsageRange): Promise<Usage> {
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
}
