import { Injectable } from '@nestjs/common';
import { Metrics, type Sample } from '../../../infrastructure/metrics/metrics.js';
import {
  VerificationObservers,
  type ObservedVerification,
  type VerificationObserver,
} from '../application/verification-observer.js';
import { VERDICT_CODES, type VerdictCode } from '../domain/verification.js';

type Counts = Record<VerdictCode, number>;

/** Tells Prometheus what verdicts were given, and what they were made of. */
@Injectable()
export class VerificationMetrics implements VerificationObserver {
  private readonly counts = { cache: noCounts(), database: noCounts(), form: noCounts() };

  constructor(metrics: Metrics, observers: VerificationObservers) {
    metrics.countOf(
      {
        name: 'upblit_verifications_total',
        help: 'Verdicts by code, and by what they were made of: `cache`, `database`, or the `form` of the key alone.',
        labelNames: ['code', 'source'],
      },
      () => this.samples(),
    );
    observers.subscribe(this);
  }

  observe({ verdict, source }: ObservedVerification): void {
    this.counts[source][verdict.code] += 1;
  }

  private samples(): Sample<'code' | 'source'>[] {
    return Object.entries(this.counts).flatMap(([source, counts]) =>
      Object.entries(counts)
        // What has not the form of a key is not found, and nothing else.
        .filter(([code]) => source !== 'form' || code === 'NOT_FOUND')
        .map(([code, count]): Sample<'code' | 'source'> => [{ code, source }, count]),
    );
  }
}

function noCounts(): Counts {
  return Object.fromEntries(VERDICT_CODES.map((code) => [code, 0])) as Counts;
}
