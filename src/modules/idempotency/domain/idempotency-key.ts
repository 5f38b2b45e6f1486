import { inspect } from 'node:util';

const HIDDEN = '[IdempotencyKey]';

/** Visible ASCII (RFC 9110, section 5.5), and long enough that nobody sends a bare number by habit. */
const FORM = /^[\x21-\x7E]{8,255}$/;

/**
 * The value of an `Idempotency-Key` header. What was answered can be read again by it, so it is a secret: however it
 * is printed, serialised or inspected it shows nothing.
 */
export class IdempotencyKey {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** Null for what is not 8 to 255 visible characters. */
  static parse(text: string): IdempotencyKey | null {
    return FORM.test(text) ? new IdempotencyKey(text) : null;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
