import type { Actor } from '../../src/shared/actor.js';
import { LOCAL_ISSUER } from '../../src/shared/subject.js';

/** Somebody who calls, for what is tested without a request. */
export function actor(subject: string, issuer = LOCAL_ISSUER): Actor {
  return {
    issuer,
    subject,
    tokenId: 'a token',
    address: '192.0.2.1',
    requestId: 'a request',
    userAgent: null,
  };
}
