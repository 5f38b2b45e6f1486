import { Injectable, Logger } from '@nestjs/common';
import { DomainError } from '../../../shared/domain-error.js';
import { Batcher } from '../../../shared/concurrency/batcher.js';
import { withDeadline } from '../../../shared/concurrency/deadline.js';
import { RateLimitStore } from '../domain/rate-limit-store.js';
import type { RateLimitRun, RunOutcome } from '../domain/rate-limit-store.js';
import type { LimitReport } from '../domain/metering.js';
import type { CountedLimit, LimitSet } from '../domain/rate-limit.js';

/** Calls that share one trip to the store; more would make the first of them wait. */
const MAX_CALLS = 500;

export type RateLimitAnswer =
  | {
      readonly state: 'passed';
      readonly reports: readonly LimitReport[];
      /** Takes the hit back, for a verification that is refused after all. */
      refund(): Promise<void>;
    }
  | {
      readonly state: 'limited';
      readonly reports: readonly LimitReport[];
      /** After so many whole seconds it passes, if nothing else comes. */
      readonly retryAfterSeconds: number;
    }
  /** The store cannot be asked, and the operator lets such verifications pass. */
  | { readonly state: 'unchecked' };

/** What was counted, and when, by the store's clock. */
interface Hit {
  readonly set: LimitSet;
  readonly at: number;
}

/** The settings of the operator. */
export abstract class RateLimiterOptions {
  /** What is answered while the store is away: let pass, or 503. */
  abstract readonly onFailure: 'open' | 'closed';
  /** Milliseconds that the store is given. */
  abstract readonly timeoutMs: number;
}

/** Checks all limits of a verification together. */
@Injectable()
export class RateLimiter {
  private readonly logger = new Logger(RateLimiter.name);
  private readonly calls: Batcher<LimitSet, RateLimitAnswer>;
  private readonly refundBatcher: Batcher<Hit, undefined>;
  private hits = 0;
  private isAway = false;
  /** Verifications since the start, by what became of them. */
  readonly counts = { passed: 0, limited: 0, unchecked: 0, failed: 0 };

  constructor(
    private readonly store: RateLimitStore,
    private readonly options: RateLimiterOptions,
  ) {
    const { takes, refunds } = store.maxConcurrency;
    this.calls = new Batcher((sets) => this.takeAll(sets), { maxBatches: takes, maxCalls: MAX_CALLS });
    this.refundBatcher = new Batcher((hits) => this.refundAll(hits), {
      maxBatches: refunds,
      maxCalls: 1,
    });
  }

  /** Checks, and hits that are to be taken back, that wait for those before them. */
  get waiting(): { checks: number; refunds: number } {
    return { checks: this.calls.waiting, refunds: this.refundBatcher.waiting };
  }

  /** Throws `service_unavailable` when the store is away and the operator wants it closed then. */
  check(set: LimitSet): RateLimitAnswer | Promise<RateLimitAnswer> {
    if (this.store.takeNow === undefined) return this.checkTogether(set);
    try {
      const outcome = this.store.takeNow(set);
      this.noteBack();
      return this.toAnswer(set, outcome, reportsOf(set, outcome), outcome.granted > 0);
    } catch (error) {
      return this.withoutStore(error);
    }
  }

  /** What is left of the limits, of which nothing is taken. Throws `service_unavailable` when the store is away. */
  async peek(set: LimitSet): Promise<readonly LimitReport[]> {
    try {
      const [outcome] = await this.inTime(this.store.take([{ set, times: 0 }]));
      if (outcome === undefined) throw new Error('the store did not answer a run');
      return reportsOf(set, outcome);
    } catch (error) {
      this.noteAway(error);
      throw new DomainError('service_unavailable', 'The rate limits cannot be read: try again in a moment.', {
        retryAfter: 1,
        cause: error,
      });
    }
  }

  private async checkTogether(set: LimitSet): Promise<RateLimitAnswer> {
    try {
      const answer = await this.calls.call(partitionOf(set), set);
      this.noteBack();
      return answer;
    } catch (error) {
      return this.withoutStore(error);
    }
  }

  private withoutStore(error: unknown): RateLimitAnswer {
    this.noteAway(error);
    if (this.options.onFailure === 'closed') {
      this.counts.failed++;
      throw new DomainError(
        'service_unavailable',
        'The rate limits cannot be checked: try again in a moment.',
        { retryAfter: 1, cause: error },
      );
    }
    this.counts.unchecked++;
    return { state: 'unchecked' };
  }

  private async takeAll(sets: readonly LimitSet[]): Promise<RateLimitAnswer[]> {
    const runs = toRuns(sets);
    const outcomes = await this.inTime(this.store.take(runs));
    return runs.flatMap((run, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) throw new Error('the store did not answer a run');
      return this.toAnswers(run, outcome);
    });
  }

  private toAnswers({ set, times }: RateLimitRun, outcome: RunOutcome): RateLimitAnswer[] {
    const reports = reportsOf(set, outcome);
    return Array.from({ length: times }, (_, index) =>
      this.toAnswer(set, outcome, reports, index < outcome.granted),
    );
  }

  private toAnswer(
    set: LimitSet,
    outcome: RunOutcome,
    reports: readonly LimitReport[],
    isGranted: boolean,
  ): RateLimitAnswer {
    this.counts[isGranted ? 'passed' : 'limited']++;
    return isGranted
      ? { state: 'passed', reports, refund: () => this.refund(set, outcome.at) }
      : { state: 'limited', reports, retryAfterSeconds: retryAfter(set, outcome) };
  }

  /** When it fails the hit stays counted until it leaves the window: too strict for a while, never too lax. */
  private async refund(set: LimitSet, at: number): Promise<void> {
    this.hits += 1;
    try {
      // A partition of its own: it waits for nobody but for the store.
      await this.refundBatcher.call(String(this.hits), { set, at });
    } catch (error) {
      this.noteAway(error);
    }
  }

  private async refundAll(hits: readonly Hit[]): Promise<undefined[]> {
    for (const { set, at } of hits) await this.inTime(this.store.refund(set, at));
    return hits.map(() => undefined);
  }

  private inTime<T>(work: Promise<T>): Promise<T> {
    const { timeoutMs } = this.options;
    return withDeadline(work, timeoutMs, () => new Error(`no answer within ${timeoutMs} ms`));
  }

  /** Once per outage: a log line for each verification would be an outage of its own. */
  private noteAway(error: unknown): void {
    if (this.isAway) return;
    this.isAway = true;
    const effect = this.options.onFailure === 'open' ? 'pass unchecked' : 'are answered 503';
    this.logger.error(
      `the store of the rate limits is away (${(error as Error).message}): verifications under limits ${effect}`,
    );
  }

  private noteBack(): void {
    if (!this.isAway) return;
    this.isAway = false;
    this.logger.log('the store of the rate limits is back');
  }
}

/** Calls that touch the same limits stay in one partition: they would only wait for each other in the store. */
function partitionOf(set: LimitSet): string {
  return set.limits.some((limit) => limit.sharedByApplication)
    ? set.applicationId
    : (set.limits[0]?.subjectId ?? '');
}

function toRuns(sets: readonly LimitSet[]): RateLimitRun[] {
  const runs: { set: LimitSet; times: number }[] = [];
  for (const set of sets) {
    const last = runs.at(-1);
    if (last !== undefined && isSame(last.set, set)) last.times++;
    else runs.push({ set, times: 1 });
  }
  return runs;
}

/** Most are one object, from the cached record of the key. */
function isSame(a: LimitSet, b: LimitSet): boolean {
  if (a === b) return true;
  return (
    a.limits.length === b.limits.length &&
    a.limits.every((limit, index) => {
      const other = b.limits[index];
      return (
        limit.subjectId === other?.subjectId &&
        limit.name === other.name &&
        limit.limit === other.limit &&
        limit.windowSeconds === other.windowSeconds &&
        limit.cost === other.cost
      );
    })
  );
}

function reportsOf(set: LimitSet, outcome: RunOutcome): LimitReport[] {
  return set.limits.map((limit, index) => report(limit, outcome, index));
}

function report(limit: CountedLimit, outcome: RunOutcome, index: number): LimitReport {
  const { used, freeInMicros } = useAt(outcome, index);
  return {
    // A key may name a limit as its application does; `:` stands in no name.
    name: limit.sharedByApplication ? `application:${limit.name}` : limit.name,
    limit: limit.limit,
    windowSeconds: limit.windowSeconds,
    remaining: Math.max(0, limit.limit - used),
    resetSeconds: secondsUntilFree(limit, freeInMicros),
  };
}

function retryAfter(set: LimitSet, outcome: RunOutcome): number {
  const waits = set.limits.map((limit, index) => {
    const { used, freeInMicros } = useAt(outcome, index);
    return used + limit.cost > limit.limit ? secondsUntilFree(limit, freeInMicros) : 0;
  });
  return Math.max(1, ...waits);
}

function useAt(outcome: RunOutcome, index: number): RunOutcome['uses'][number] {
  const use = outcome.uses[index];
  if (use === undefined) throw new Error('the store did not tell of a limit');
  return use;
}

/** Never more than the window: what is left of adding a store's clock to it, and taking it off again, is no second. */
function secondsUntilFree(limit: CountedLimit, micros: number): number {
  return Math.min(limit.windowSeconds, Math.ceil(micros / 1_000_000));
}
