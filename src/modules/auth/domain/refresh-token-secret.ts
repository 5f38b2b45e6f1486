import { createHash, randomBytes } from 'node:crypto';

/** NEVER CHANGE: secret scanners look for it, and an access-token check can tell what it was handed. */
const PREFIX = 'upblit_rt_';
const FORM = /^upblit_rt_[A-Za-z0-9_-]{43}$/;

/** A refresh token as its owner holds it: 256 random bits. Only its hash is ever stored, and it shows nothing. */
export class RefreshTokenSecret {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static generate(): RefreshTokenSecret {
    return new RefreshTokenSecret(PREFIX + randomBytes(32).toString('base64url'));
  }

  /** Undefined when it cannot be one of ours. */
  static parse(text: string): RefreshTokenSecret | undefined {
    return FORM.test(text) ? new RefreshTokenSecret(text) : undefined;
  }

  /** The plaintext, for the one response that contains it. */
  reveal(): string {
    return this.#text;
  }

  /** SHA-256 (32 bytes). A slow hash would add nothing to 256 random bits. */
  hash(): Buffer {
    return createHash('sha256').update(this.#text).digest();
  }

  toString(): string {
    return '[refresh token]';
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
