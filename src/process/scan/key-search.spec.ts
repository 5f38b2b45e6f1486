import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { KeyFormat, KeyHasher } from '../../modules/api-keys/index.js';
import { KeySearch, MAX_BINARY_BYTES, MAX_TEXT_BYTES, type FoundKey } from './key-search.js';

const format = new KeyFormat('acme', ['upblit', 'xacme']);
const { tags } = new KeyHasher([{ version: 1, key: randomBytes(32) }]);
const make = (prefix = 'acme', kind: 'live' | 'service' = 'live'): string =>
  new KeyFormat(prefix).generate(kind, tags).reveal();
const key = make();

/** What is found in these bytes, whatever the pieces in which they come: `<line> <key>`. */
function find(bytes: Buffer, piece = bytes.length): string[] {
  const search = new KeySearch(format);
  const found: FoundKey[] = [];
  for (let at = 0; at < bytes.length; at += piece) found.push(...search.push(bytes.subarray(at, at + piece)));
  return found.map(({ key: one, line }) => `${line} ${one.reveal()}`);
}

describe('the search for keys', () => {
  it('finds keys of every prefix and kind with their lines, each once, however the bytes come', () => {
    const keys = [key, make('upblit'), make('xacme', 'service'), key, make('acme', 'service')];
    const text = `a\n${keys[0]}\n\n"${keys[1]}",${keys[2]}\r\n${keys[3]}${keys[4]}\n`;
    const expected = [2, 4, 4, 5, 5].map((line, i) => `${line} ${keys[i]}`);
    for (const piece of [1, 7, 47, 48, 49, 60, 61, 62, 100, text.length]) {
      expect(find(Buffer.from(text), piece)).toEqual(expected);
    }
  });

  it.each([
    ['after a letter, as a line break that JSON has escaped', Buffer.from(`\\n${key}\\n`)],
    ['before a letter', Buffer.from(`${key}abc`)],
    ['after a letter that begins another prefix', Buffer.from(`x${key}`)],
    ['in a binary file', Buffer.concat([Buffer.alloc(300), Buffer.from(key), randomBytes(99)])],
    ['in UTF-16', Buffer.from(`\ufeff${key}`, 'utf16le')],
    ['in UTF-16, big-endian', Buffer.from(`\ufeff${key}`, 'utf16le').swap16()],
  ])('finds one %s', (_, bytes) => {
    expect(find(bytes)).toEqual([`1 ${key}`]);
    expect(find(bytes, 5)).toEqual([`1 ${key}`]);
    expect(find(bytes, 1)).toEqual([`1 ${key}`]);
  });

  it('is not alarmed by what has no good checksum, is cut off, or is of another prefix', () => {
    const other = make('acmf');
    const mistyped = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
    expect(
      find(Buffer.from([other, mistyped, key.slice(0, -1), 'acme_live_…a1B2', key.toUpperCase()].join(' '))),
    ).toEqual([]);
  });

  it('looks at so much of a file and no more, and says so', () => {
    const looked = (first: Buffer, limit: number): { found: number; isCut: boolean } => {
      const search = new KeySearch(format);
      let found = search.push(first).length;
      const filler = Buffer.alloc(1024 * 1024, ' ');
      for (let bytes = first.length; bytes < limit; bytes += filler.length) search.push(filler);
      found += search.push(Buffer.from(key)).length;
      return { found, isCut: search.isCut() };
    };
    expect(looked(Buffer.from('\0'), MAX_BINARY_BYTES)).toEqual({ found: 0, isCut: true });
    expect(looked(Buffer.from('x'), MAX_BINARY_BYTES)).toEqual({ found: 1, isCut: false });
    expect(looked(Buffer.from('x'), MAX_TEXT_BYTES)).toEqual({ found: 0, isCut: true });
  });
});
