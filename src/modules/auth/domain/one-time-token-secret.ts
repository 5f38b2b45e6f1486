import { OpaqueToken } from './opaque-token.js';

/** NEVER CHANGE: secret scanners, and the log, know these tokens by it. */
const PREFIX = 'upblit_ot_';

/** A one-time token as it is printed, or mailed, to whom it is meant for. */
export class OneTimeTokenSecret extends OpaqueToken {
  private constructor(text: string) {
    super(text, 'one-time token');
  }

  static generate(): OneTimeTokenSecret {
    return new OneTimeTokenSecret(OpaqueToken.random(PREFIX));
  }

  /** Undefined when it cannot be one of ours. */
  static parse(text: string): OneTimeTokenSecret | undefined {
    return OpaqueToken.has(PREFIX, text) ? new OneTimeTokenSecret(text) : undefined;
  }
}
