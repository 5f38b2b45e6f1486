import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '../domain/access-token-issuer.js';
import type { TokenHeader } from '../domain/json-web-token.js';
import type { KeySource } from '../domain/trusted-issuer.js';

/** The only algorithm of our own tokens. */
export const LOCAL_ALGORITHM = 'ES256';

/** The keys of the tokens issued here, by `kid`: the one that signs, and those it takes over from. */
export class LocalKeys implements KeySource {
  readonly isFixed = true;
  readonly signingKid: string;
  readonly publicKeys: readonly PublicJwk[];
  private readonly byKid = new Map<string, KeyObject>();

  constructor(
    readonly signingKey: KeyObject,
    previousKeys: readonly KeyObject[],
  ) {
    const keys = [createPublicKey(signingKey), ...previousKeys].map((key) => ({ key, jwk: toJwk(key) }));
    for (const { key, jwk } of keys) this.byKid.set(jwk.kid, key);
    this.signingKid = toJwk(createPublicKey(signingKey)).kid;
    this.publicKeys = [...new Map(keys.map(({ jwk }) => [jwk.kid, jwk])).values()];
  }

  find({ kid }: TokenHeader): Promise<KeyObject | undefined> {
    return Promise.resolve(kid === undefined ? undefined : this.byKid.get(kid));
  }
}

function toJwk(key: KeyObject): PublicJwk {
  const { kty = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' });
  // RFC 7638, section 3: the required members alone, in this order, without white space.
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid: thumbprint, alg: LOCAL_ALGORITHM, use: 'sig' };
}
