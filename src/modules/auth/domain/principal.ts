import type { Subject } from '../../../shared/subject.js';

export { LOCAL_ISSUER, isSameSubject, type Subject } from '../../../shared/subject.js';

/** What an access token may be used for: the values of its `scope` claim (RFC 8693, section 4.2). */
export const SCOPES = [
  'applications:read',
  'applications:write',
  'apikeys:read',
  'apikeys:write',
  'audit:read',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Who is calling, as a verified access token says. */
export interface Principal extends Subject {
  readonly scopes: ReadonlySet<string>;
}
