import type { Caller } from '../../../shared/actor.js';

/** Who is calling, as a verified access token or a good service key says. */
export interface Principal extends Caller {
  readonly scopes: ReadonlySet<string>;
  /** The token's `jti`, null for a token without one that can be kept; the id of the service key's secret. */
  readonly tokenId: string | null;
  /** The login that the token was issued in; null for a service key, another issuer's token, and one without a `sid`. */
  readonly sessionId: string | null;
}
