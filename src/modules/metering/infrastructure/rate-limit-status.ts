import { Injectable } from '@nestjs/common';
import { Impairments } from '../../../shared/impairments.js';
import { RateLimitStore } from '../domain/rate-limit-store.js';

/** Tells readiness why rate limits cannot be checked. */
@Injectable()
export class RateLimitStatus {
  constructor(impairments: Impairments, store: RateLimitStore) {
    impairments.watch(() =>
      store.problem === undefined ? undefined : `The rate limits cannot be checked. ${store.problem}.`,
    );
  }
}
