import type { KeyFormat, PlaintextKey } from '../../modules/api-keys/index.js';

/** A key and where it begins. */
export interface FoundKey {
  key: PlaintextKey;
  /** From 1. */
  line: number;
}

/** Bytes that are looked at of what holds text, and of what holds a zero byte near its beginning: an image, an archive. */
export const MAX_TEXT_BYTES = 100 * 1024 * 1024;
export const MAX_BINARY_BYTES = 10 * 1024 * 1024;

/** Bytes in which a zero byte makes a file a binary one, as Git has it. */
const SNIFFED_BYTES = 8000;

/** Characters of the longest prefix, of `_service_`, and of the rest of a key. */
const MAX_KEY_LENGTH = 16 + 9 + 36;

/**
 * Looks for keys in one file, in memory that does not depend on its size. A key is known by its form and its checksum, so
 * nothing else is found but by one chance in four thousand million, and whatever stands before and after it.
 */
export class KeySearch {
  private readonly expression: RegExp;
  /** The end of what was searched, where a key may have begun; each byte is a character. */
  private rest = '';
  /** Of the first character of `rest`: the line, and how many characters came before. */
  private line = 1;
  private offset = 0;
  /** Where the last key that was found began. */
  private last = -1;
  private bytes = 0;
  /** The first byte, which by itself does not tell what kind of text this is. */
  private first: Buffer | undefined;
  private isWide = false;
  private limit = MAX_TEXT_BYTES;

  constructor(private readonly format: KeyFormat) {
    this.expression = new RegExp(format.expression, 'g');
  }

  /** Whether the limit leaves something out. */
  isCut(): boolean {
    return this.bytes > this.limit;
  }

  push(next: Buffer): FoundKey[] {
    const chunk = this.first === undefined ? next : Buffer.concat([this.first, next]);
    this.first = undefined;
    if (this.bytes === 0) {
      if (chunk.length < 2) {
        this.first = Buffer.from(chunk);
        return [];
      }
      this.sniff(chunk);
    }
    const searched = chunk.subarray(0, Math.max(0, this.limit - this.bytes));
    this.bytes += chunk.length;
    // In UTF-16 a key is one with zeros between its characters.
    const text = searched.toString('latin1');
    return this.search(this.isWide ? text.replaceAll('\0', '') : text);
  }

  private sniff(beginning: Buffer): void {
    const mark = beginning.readUInt16BE(0);
    this.isWide = mark === 0xfffe || mark === 0xfeff;
    if (!this.isWide && beginning.subarray(0, SNIFFED_BYTES).includes(0)) this.limit = MAX_BINARY_BYTES;
  }

  private search(more: string): FoundKey[] {
    const text = this.rest + more;
    const found: FoundKey[] = [];
    let counted = 0;
    let line = this.line;
    this.expression.lastIndex = 0;
    for (let match = this.expression.exec(text); match !== null; match = this.expression.exec(text)) {
      const key = this.format.parse(match[0]);
      // One may begin within what only looks like one.
      if (key === null) this.expression.lastIndex = match.index + 1;
      if (key === null || this.offset + match.index <= this.last) continue;
      line += linesIn(text.slice(counted, match.index));
      counted = match.index;
      this.last = this.offset + match.index;
      found.push({ key, line });
    }
    const kept = Math.max(0, text.length - (MAX_KEY_LENGTH - 1));
    this.line += linesIn(text.slice(0, kept));
    this.offset += kept;
    this.rest = text.slice(kept);
    return found;
  }
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
