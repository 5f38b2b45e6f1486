import type { KeyObject } from 'node:crypto';
import type { KeySource } from '../domain/trusted-issuer.js';

/** The one key of an issuer that signs with a secret it shares with us (HS256). It has no use for a `kid`. */
export class SharedSecretKeys implements KeySource {
  readonly isFixed = true;

  constructor(private readonly secret: KeyObject) {}

  find(): Promise<KeyObject> {
    return Promise.resolve(this.secret);
  }
}
