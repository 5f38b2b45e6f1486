import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHmac, hkdfSync } from 'node:crypto';
import { inspect } from 'node:util';
import { crc32 } from 'node:zlib';
import { hasGoodTag, KeyFormat, type KeyKind } from './key-format.js';
import { KeyTags } from './key-tags.js';
import type { PlaintextKey } from './plaintext-key.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const PEPPER = { version: 1, key: Buffer.alloc(32, 1) };
const tags = new KeyTags([PEPPER]);
const otherTags = new KeyTags([{ version: 2, key: Buffer.alloc(32, 2) }]);

const format = new KeyFormat();
const generateKey = (kind: KeyKind): PlaintextKey => format.generate(kind, tags);
const parseKey = (text: string): PlaintextKey | null => format.parse(text);

describe('the form of a key', () => {
  it('is what secret scanners look for', () => {
    expect(generateKey('live').reveal()).toMatch(/^upblit_live_[0-9A-Za-z]{36}$/);
    expect(generateKey('test').reveal()).toMatch(/^upblit_test_[0-9A-Za-z]{36}$/);
    const text = generateKey('service').reveal();
    expect(text).toMatch(/^\bupblit_(live|test|service)_[0-9A-Za-z]{36}\b$/);
    expect(parseKey(text)?.reveal()).toBe(text);
  });

  it('ends in the CRC-32 of everything before it, in six base62 digits', () => {
    const text = generateKey('live').reveal();
    const digits = Array.from(text.slice(-6), (digit) => ALPHABET.indexOf(digit));
    expect(digits.reduce((sum, digit) => sum * 62 + digit, 0)).toBe(crc32(text.slice(0, -6)));
  });

  it('never changes: a key from the field stays readable', () => {
    expect(parseKey('upblit_live_0000000000000000000000000000003GFZKz')?.reveal()).toBeDefined();
  });

  it('uses all 62 characters about equally often', () => {
    const counts = new Map<string, number>();
    const keys = 4000;
    for (let i = 0; i < keys; i++) {
      for (const character of generateKey('live').reveal().slice(12, 42)) {
        counts.set(character, (counts.get(character) ?? 0) + 1);
      }
    }
    const expected = (keys * 30) / 62;
    const chiSquare = Array.from(ALPHABET).reduce(
      (sum, character) => sum + ((counts.get(character) ?? 0) - expected) ** 2 / expected,
      0,
    );
    // 61 degrees of freedom: a fair generator is above this once in ten million runs. Bytes taken modulo 62
    // without throwing any away would come out near 900.
    expect(chiSquare).toBeLessThan(130);
  });

  it('finds any one character that was mistyped', () => {
    const text = generateKey('live').reveal();
    fc.assert(
      fc.property(
        fc.integer({ min: 12, max: 47 }),
        fc.constantFrom(...Array.from(ALPHABET)),
        (at, character) => {
          fc.pre(text[at] !== character);
          expect(parseKey(text.slice(0, at) + character + text.slice(at + 1))).toBeNull();
        },
      ),
    );
  });

  it.each([
    ['empty', ''],
    ['long', 'upblit_live_'.padEnd(100_000, '0')],
    ['of another prefix', 'sk_live_000000000000000000000000000000000000'],
    ['with a line break after it', `${generateKey('live').reveal()}\n`],
    ['with Cyrillic look-alikes', generateKey('live').reveal().replace('upblit', 'uрblit')],
    ['in upper case', generateKey('live').reveal().toUpperCase()],
  ])('refuses a text that is %s', (_, text) => {
    expect(parseKey(text)).toBeNull();
  });

  it('refuses a live key that was made to look like a test key', () => {
    expect(parseKey(generateKey('live').reveal().replace('live', 'test'))).toBeNull();
  });

  it('refuses whatever is no key without throwing', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseKey(text) === null));
  });
});

describe('the prefix of keys', () => {
  const acme = new KeyFormat('acme', ['upblit', 'acme2']);

  it('is what the operator has chosen, of new keys', () => {
    const key = acme.generate('live', tags);
    expect(key.reveal()).toMatch(/^acme_live_[0-9A-Za-z]{36}$/);
    expect(key.hint).toBe(`acme_live_…${key.reveal().slice(-4)}`);
    expect(hasGoodTag(key, tags)).toBe(true);
    expect(acme.parse(key.reveal())?.reveal()).toBe(key.reveal());
  });

  it('may be a former one of keys that are read', () => {
    for (const former of [new KeyFormat(), new KeyFormat('acme2')]) {
      const text = former.generate('service', tags).reveal();
      expect(acme.parse(text)?.reveal()).toBe(text);
      expect([acme.isOurs(text), acme.isForService(text)]).toEqual([true, true]);
    }
  });

  it('is part of what tag and checksum are made of', () => {
    const text = format.generate('live', tags).reveal().replace('upblit', 'acme');
    expect(acme.parse(text)).toBeNull();
  });

  it.each(['acm', 'acme3', 'Acme', 'upblit2'])('is never %s, which nobody has named', (prefix) => {
    const text = new KeyFormat(prefix).generate('service', tags).reveal();
    expect([acme.parse(text), acme.isOurs(text), acme.isForService(text)]).toEqual([null, false, false]);
  });

  it('stands in the expression by which others find keys', () => {
    expect(format.expression).toBe('upblit_(?:live|test|service)_[0-9A-Za-z]{36}');
    expect(acme.expression).toBe('(?:acme|upblit|acme2)_(?:live|test|service)_[0-9A-Za-z]{36}');
  });

  it('may be as long as it is allowed to be', () => {
    const long = new KeyFormat('a'.repeat(16));
    expect(long.parse(long.generate('service', tags).reveal())).not.toBeNull();
  });
});

describe('the tag of a key', () => {
  it('is made of everything before it, under a key that is derived from the pepper', () => {
    const text = generateKey('live').reveal();
    const derived = Buffer.from(hkdfSync('sha256', PEPPER.key, '', 'upblit key tag', 32));
    const digest = createHmac('sha256', derived).update(text.slice(0, -12)).digest();
    const digits = Array.from(text.slice(-12, -6), (digit) => ALPHABET.indexOf(digit));
    expect(digits.reduce((sum, digit) => sum * 62 + digit, 0)).toBe(digest.readUIntBE(0, 6) % 62 ** 6);
  });

  it('never changes: a key from the field keeps its tag', () => {
    const text = `upblit_live_${'0'.repeat(24)}`;
    expect(tags.of(text)).toBe('RsnfQO');
  });

  it('is known to whoever has the pepper that has made it, among others, and to nobody else', () => {
    const key = generateKey('live');
    const both = new KeyTags([{ version: 2, key: Buffer.alloc(32, 2) }, PEPPER]);
    expect([tags, both, otherTags].map((some) => hasGoodTag(key, some))).toEqual([true, true, false]);
  });

  it('is lost with any change before it', () => {
    const text = generateKey('live').reveal();
    const [beginning, tag] = [text.slice(0, -12), text.slice(-12, -6)];
    expect(tags.explain(beginning, tag)).toBe(true);
    expect(tags.explain(beginning.replace('live', 'test'), tag)).toBe(false);
    fc.assert(
      fc.property(
        fc.integer({ min: 12, max: 35 }),
        fc.constantFrom(...Array.from(ALPHABET)),
        (at, character) => {
          fc.pre(beginning[at] !== character);
          expect(tags.explain(beginning.slice(0, at) + character + beginning.slice(at + 1), tag)).toBe(false);
        },
      ),
    );
  });

  it.each(['', '0'.repeat(5), '0'.repeat(7), 'ééé', '\ud800'.repeat(6)])('is never %j', (presented) => {
    expect(tags.explain(`upblit_live_${'0'.repeat(24)}`, presented)).toBe(false);
  });
});

describe('a plaintext key', () => {
  it('shows nothing of itself however it is printed', () => {
    const key = generateKey('live');
    const printed = [String(key), JSON.stringify({ key }), inspect({ key }, { showHidden: true })];
    for (const text of printed) {
      expect(text).not.toContain(key.reveal().slice(12));
      expect(text).toContain('[PlaintextKey]');
    }
  });

  it('hints at itself by its prefix and its last four characters', () => {
    const key = generateKey('test');
    expect(key.hint).toBe(`upblit_test_…${key.reveal().slice(-4)}`);
  });
});
