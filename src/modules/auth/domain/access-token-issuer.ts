import type { PublicJwk } from '../../../shared/public-jwk.js';
import type { Scope } from '../../../shared/scopes.js';

export interface AccessToken {
  token: string;
  /** Seconds. */
  expiresIn: number;
}

/** Signs the access tokens of the people who registered here. */
export abstract class AccessTokenIssuer {
  abstract issue(userId: string, scopes: readonly Scope[]): Promise<AccessToken>;
  /** The keys whose tokens are valid: the current one, and the previous ones. */
  abstract publicKeys(): readonly PublicJwk[];
}
