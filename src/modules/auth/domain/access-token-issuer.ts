import type { Scope } from '../../../shared/scopes.js';

/** A public key as JSON (RFC 7517), with what a verifier needs to choose it. */
export interface PublicJwk {
  kty: string;
  crv: string;
  x: string;
  y: string;
  kid: string;
  alg: string;
  use: string;
}

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
