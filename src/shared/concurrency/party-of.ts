import type { Caller } from '../actor.js';
import type { Party } from './fair-semaphore.js';

/**
 * Whoever acts, wherever: a person with many applications waits for one job of each other person. A service key is a part
 * of its application, which may make as many of them as it likes.
 */
export function partyOf({ issuer, subject, serviceOf }: Caller): Party {
  return { name: JSON.stringify(serviceOf === undefined ? [issuer, subject] : [issuer, { serviceOf }]) };
}
