import { inspect } from 'node:util';

const HIDDEN = '[PlaintextKey]';

/**
 * A key as its holder knows it. It lives between the generator, or a request, and one answer or one hash; however
 * it is printed, serialised or inspected it shows nothing, so that it cannot end in a log by accident.
 */
export class PlaintextKey {
  readonly #text: string;

  constructor(
    text: string,
    /** An imported key, of which only the SHA-256 is known. */
    readonly isImported = false,
  ) {
    this.#text = text;
  }

  /** The key itself: for the one answer that issues it, and for hashing. */
  reveal(): string {
    return this.#text;
  }

  /** What people recognise a key by, and may be kept: `upblit_live_…a1B2`. */
  get hint(): string {
    const prefix = this.#text.slice(0, this.#text.lastIndexOf('_') + 1);
    return `${prefix}…${this.#text.slice(-4)}`;
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
