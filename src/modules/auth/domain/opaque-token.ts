import { createHash, randomBytes } from 'node:crypto';

/** What a token of ours ends in: 256 random bits in base64url. */
const RANDOM = '[A-Za-z0-9_-]{43}';

/**
 * A token as its holder has it: a prefix and 256 random bits. Only its hash is ever stored, and it shows nothing of
 * itself when it is printed.
 */
export abstract class OpaqueToken {
  readonly #text: string;

  protected constructor(
    text: string,
    /** What it is shown as. */
    private readonly name: string,
  ) {
    this.#text = text;
  }

  protected static random(prefix: string): string {
    return prefix + randomBytes(32).toString('base64url');
  }

  protected static has(prefix: string, text: string): boolean {
    return new RegExp(`^${prefix}${RANDOM}$`).test(text);
  }

  /** The plaintext, for the one place that hands it out. */
  reveal(): string {
    return this.#text;
  }

  /** SHA-256 (32 bytes). A slow hash would add nothing to 256 random bits. */
  hash(): Buffer {
    return createHash('sha256').update(this.#text).digest();
  }

  toString(): string {
    return `[${this.name}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
