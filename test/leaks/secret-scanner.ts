import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spellingsOf } from './spellings.js';

/** Bytes by which a spelling is recognised before it is compared. */
const HEAD = 3;

/** Looks for many secrets, in every spelling, in one pass over the bytes. */
export class SecretScanner {
  /** Which beginnings some spelling has. */
  readonly #heads = new Uint8Array(1 << (8 * HEAD));
  readonly #spellings = new Map<number, { bytes: Buffer; name: string }[]>();

  /** @param secrets by the name under which a find is reported */
  constructor(secrets: Record<string, string>) {
    for (const [name, secret] of Object.entries(secrets)) {
      for (const bytes of spellingsOf(secret)) {
        const head = bytes.readUIntBE(0, HEAD);
        this.#heads[head] = 1;
        this.#spellings.set(head, [...(this.#spellings.get(head) ?? []), { bytes, name }]);
      }
    }
  }

  /** The names of the secrets that these bytes hold. */
  scan(haystack: Buffer): string[] {
    const found = new Set<string>();
    let head = 0;
    for (let index = 0; index < haystack.length; index++) {
      head = ((head << 8) | haystack[index]!) & 0xffffff;
      if (this.#heads[head] === 0) continue;
      const start = index - HEAD + 1;
      for (const { bytes, name } of this.#spellings.get(head) ?? []) {
        if (start >= 0 && haystack.subarray(start, start + bytes.length).equals(bytes)) found.add(name);
      }
    }
    return [...found];
  }

  /** Every file below a directory that holds a secret: `<path>: <name>`. */
  async scanFiles(directory: string): Promise<string[]> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const found: string[] = [];
    for (const entry of entries.filter((candidate) => candidate.isFile())) {
      const path = join(entry.parentPath, entry.name);
      for (const name of this.scan(await readFile(path))) found.push(`${path}: ${name}`);
    }
    return found;
  }
}
