/**
 * A secret while it is shown. It is held here alone, where wiping it wipes it: what is handed to React, or to a cache,
 * stays there for as long as they like.
 */
export class ShownSecret {
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  wipe(): void {
    this.#text = '';
  }
}
