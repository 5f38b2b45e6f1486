import type { PublicJwk } from '../../../shared/public-jwk.js';
import type { RefreshTokenFamily } from './refresh-token-family.js';

export interface AccessToken {
  token: string;
  /** Seconds. */
  expiresIn: number;
}

/** Signs the access tokens of the people who registered here. */
export abstract class AccessTokenIssuer {
  /** A token of a login: it says which one (`sid`), and does not outlive it. */
  abstract issue(session: RefreshTokenFamily): Promise<AccessToken>;
  /** The keys whose tokens are valid: the current one, and the previous ones. */
  abstract publicKeys(): readonly PublicJwk[];
}
