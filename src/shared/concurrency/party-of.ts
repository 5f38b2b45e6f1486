import type { Actor } from '../actor.js';
import { networkOf } from '../network.js';
import type { Subject } from '../subject.js';
import type { Party } from './fair-semaphore.js';

/**
 * Whoever acts in an application, wherever: a person with many applications is one, and so is one with many accounts in one
 * network. A service key is a part of the owner of its application, who may make as many of them as they like.
 */
export function partyOf({ issuer, subject, serviceOf, address }: Actor, owner: Subject): Party {
  const isOfOwner = typeof serviceOf === 'string';
  const person = isOfOwner ? [owner.issuer, owner.subject] : [issuer, serviceOf === null ? null : subject];
  return {
    name: JSON.stringify(person),
    ...(address !== null && { network: networkOf(address) }),
  };
}
