import type { Subject } from '../../../shared/subject.js';

/** Who is calling, as a verified access token says. */
export interface Principal extends Subject {
  readonly scopes: ReadonlySet<string>;
  /** The token's `jti`; null for a token without one that can be kept. */
  readonly tokenId: string | null;
}
