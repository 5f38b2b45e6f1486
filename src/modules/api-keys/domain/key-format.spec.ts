import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inspect } from 'node:util';
import { crc32 } from 'node:zlib';
import { generateKey, parseKey } from './key-format.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

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
