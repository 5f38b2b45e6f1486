import { OpaqueToken } from './opaque-token.js';

/** NEVER CHANGE: secret scanners look for it, and an access-token check can tell what it was handed. */
const PREFIX = 'upblit_rt_';

/** A refresh token as its owner holds it. */
export class RefreshTokenSecret extends OpaqueToken {
  private constructor(text: string) {
    super(text, 'refresh token');
  }

  static generate(): RefreshTokenSecret {
    return new RefreshTokenSecret(OpaqueToken.random(PREFIX));
  }

  /** Undefined when it cannot be one of ours. */
  static parse(text: string): RefreshTokenSecret | undefined {
    return OpaqueToken.has(PREFIX, text) ? new RefreshTokenSecret(text) : undefined;
  }
}
