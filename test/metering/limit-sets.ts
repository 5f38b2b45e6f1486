import { randomUUID } from 'node:crypto';
import {
  limitSet as setOf,
  type LimitSet,
  type RateLimit,
} from '../../src/modules/metering/domain/rate-limit.js';

type Given = Partial<RateLimit> & { limit: number };

export interface Owner {
  keyId: string;
  applicationId: string;
}

export function newOwner(applicationId: string = randomUUID()): Owner {
  return { keyId: randomUUID(), applicationId };
}

/** What a key of an application is checked against. */
export function limitSet(owner: Owner, ofKey: Given[], ofApplication: Given[] = []): LimitSet {
  const complete = (given: Given, index: number): RateLimit => ({
    name: `limit-${index}`,
    windowSeconds: 60,
    cost: 1,
    ...given,
  });
  const set = setOf(
    { id: owner.keyId, rateLimits: ofKey.map(complete) },
    { id: owner.applicationId, rateLimits: ofApplication.map(complete) },
  );
  if (set === null) throw new Error('a set has at least one limit');
  return set;
}
