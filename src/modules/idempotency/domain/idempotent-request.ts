import { createHash } from 'node:crypto';
import type { Subject } from '../../../shared/subject.js';
import type { IdempotencyKey } from './idempotency-key.js';

/** A call that its caller may send again, to get what the first one was answered. */
export interface IdempotentRequest {
  readonly key: IdempotencyKey;
  /** A key is this person's, for this route: the same one of somebody else, or elsewhere, is another. */
  readonly by: Subject;
  /** Method and pattern: `POST /apikey/:id/rotate`. */
  readonly route: string;
  /** What must be the same when the call is repeated. */
  readonly request: {
    readonly path: string;
    readonly query: unknown;
    readonly body: unknown;
  };
}

/** What a call's key belongs to, as one string: no two different ones give the same. */
export function scopeOf({ by, route }: IdempotentRequest): string {
  return JSON.stringify([by.issuer, by.subject, route]);
}

/**
 * Tells two requests apart. How their JSON is spaced, and in which order its members and the query's parameters
 * come, makes no difference; no body is as good as an empty one.
 */
export function fingerprintOf({ route, request }: IdempotentRequest): string {
  const { path, query, body } = request;
  return createHash('sha256')
    .update(canonicalJson([route, path, query, body ?? {}]))
    .digest('base64url');
}

/** JSON with the members of its objects in order (as RFC 8785, section 3.2.3, has them). */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, child: unknown) => {
    if (typeof child !== 'object' || child === null || Array.isArray(child)) return child;
    const members = child as Record<string, unknown>;
    return Object.fromEntries(
      Object.keys(members)
        .sort()
        .map((name) => [name, members[name]]),
    );
  });
}
