import { createHash, type KeyObject } from 'node:crypto';

/** The only algorithm that this service signs with. */
export const SIGNING_ALGORITHM = 'ES256';

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

/** Of a public key on P-256, named by its thumbprint. */
export function publicJwk(key: KeyObject): PublicJwk {
  const { kty = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' });
  // RFC 7638, section 3: the required members alone, in this order, without white space.
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid: thumbprint, alg: SIGNING_ALGORITHM, use: 'sig' };
}
