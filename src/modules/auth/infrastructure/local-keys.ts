import { createPublicKey, type KeyObject } from 'node:crypto';
import { publicJwk, type PublicJwk } from '../../../shared/public-jwk.js';
import type { TokenHeader } from '../domain/json-web-token.js';
import type { KeySource } from '../domain/trusted-issuer.js';

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
    const keys = [createPublicKey(signingKey), ...previousKeys].map((key) => ({ key, jwk: publicJwk(key) }));
    for (const { key, jwk } of keys) this.byKid.set(jwk.kid, key);
    this.signingKid = publicJwk(createPublicKey(signingKey)).kid;
    this.publicKeys = [...new Map(keys.map(({ jwk }) => [jwk.kid, jwk])).values()];
  }

  find({ kid }: TokenHeader): Promise<KeyObject | undefined> {
    return Promise.resolve(kid === undefined ? undefined : this.byKid.get(kid));
  }
}
