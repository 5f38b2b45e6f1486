import { describe, expect, it } from '@jest/globals';
import { KeyFormat } from './key-format.js';
import { KeyTags } from './key-tags.js';
import { importedHint, parseImportedKey } from './imported-key.js';

const tags = new KeyTags([{ version: 1, key: Buffer.alloc(32, 1) }]);

describe('A key that was made elsewhere', () => {
  it.each(['x'.repeat(16), 'x'.repeat(255), 'sk_live_4eC39H~!{}|"'])('may be %s', (text) => {
    const key = parseImportedKey(text, new KeyFormat());
    expect(key?.reveal()).toBe(text);
    expect(key?.isImported).toBe(true);
  });

  it.each([
    ['empty', ''],
    ['15 characters', 'x'.repeat(15)],
    ['256 characters', 'x'.repeat(256)],
    ['two words', 'x'.repeat(16) + ' y'],
    ['two lines', 'x'.repeat(16) + '\n'],
    ['beyond ASCII', 'é'.repeat(16)],
    ['one of ours', new KeyFormat().generate('live', tags).reveal()],
    ['one of ours that was mistyped', `${new KeyFormat().generate('live', tags).reveal()}x`],
  ])('is never %s', (_, text) => {
    expect(parseImportedKey(text, new KeyFormat())).toBeNull();
  });

  it('is recognised by what is known of it', () => {
    expect(importedHint('sk_live_')).toBe('sk_live_…');
  });

  it('is told from one of ours', () => {
    expect(new KeyFormat().generate('live', tags).isImported).toBe(false);
  });
});
