import { randomUUID } from 'node:crypto';
import type { LimitSet } from '../../src/modules/api-keys/application/rate-limit-store.js';
import type { RateLimit } from '../../src/modules/api-keys/domain/rate-limit.js';

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
  return {
    applicationId: owner.applicationId,
    limits: [
      ...ofKey.map((given, index) => ({
        ...complete(given, index),
        subjectId: owner.keyId,
        sharedByApplication: false,
      })),
      ...ofApplication.map((given, index) => ({
        ...complete(given, index),
        subjectId: owner.applicationId,
        sharedByApplication: true,
      })),
    ],
  };
}
