import { createHmac, hkdfSync } from 'node:crypto';

interface Pepper {
  version: number;
  key: Buffer;
}

/** Names what the derived keys are for: the same pepper hashes API keys. */
const PURPOSE = 'upblit password';

/**
 * Hashes passwords under a key before bcrypt does. bcrypt looks at 72 bytes at most and stops at the first NUL; of what
 * comes out of here it sees everything. And whoever has but the database can guess nothing.
 */
export class PasswordPeppers {
  readonly currentVersion: number;
  private readonly keys: ReadonlyMap<number, Buffer>;

  /** @param version of the pepper that new hashes use */
  constructor(peppers: readonly Pepper[], version = peppers[0]?.version) {
    // RFC 5869: the keys tell nothing of the pepper, nor of each other.
    this.keys = new Map(
      peppers.map((pepper) => [pepper.version, Buffer.from(hkdfSync('sha256', pepper.key, '', PURPOSE, 32))]),
    );
    if (version === undefined || !this.keys.has(version)) {
      throw new Error('passwords need the pepper that they are hashed with');
    }
    this.currentVersion = version;
  }

  /**
   * 44 characters of base64: HMAC-SHA-256 of the password, in which characters that only look different are one
   * (NFKC, as NIST SP 800-63B-4, section 3.1.1.2, advises). Undefined without the pepper.
   */
  apply(password: string, version: number): string | undefined {
    const key = this.keys.get(version);
    return key && createHmac('sha256', key).update(password.normalize('NFKC')).digest('base64');
  }
}
