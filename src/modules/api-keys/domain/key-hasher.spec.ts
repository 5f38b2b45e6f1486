import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { generateKey } from './key-format.js';
import { KeyHasher } from './key-hasher.js';

const first = { version: 1, key: Buffer.alloc(32, 1) };
const second = { version: 2, key: Buffer.alloc(32, 2) };

describe('KeyHasher', () => {
  it('hashes by HMAC-SHA-256 under the pepper it is told to, whatever their order', () => {
    const key = generateKey('live');
    const hash = new KeyHasher([second, first], 2).hash(key);
    expect(hash.pepperVersion).toBe(2);
    expect(hash.bytes).toEqual(createHmac('sha256', second.key).update(key.reveal()).digest());
    expect(new KeyHasher([first, second], 2).hash(key)).toEqual(hash);
    expect(new KeyHasher([first, second], 1).hash(key).pepperVersion).toBe(1);
  });

  it('finds what any pepper hashed, older or newer', () => {
    const key = generateKey('live');
    const old = new KeyHasher([first]).hash(key);
    const next = new KeyHasher([second]).hash(key);
    for (const version of [1, 2]) {
      const candidates = new KeyHasher([first, second], version).candidates(key);
      expect(candidates).toHaveLength(2);
      expect(candidates).toEqual(expect.arrayContaining([old.bytes, next.bytes]));
    }
  });

  it('does not work without a pepper', () => {
    expect(() => new KeyHasher([])).toThrow('pepper');
    expect(() => new KeyHasher([first], 2)).toThrow('pepper');
  });

  it('makes hashes that show nothing when printed', () => {
    const hash = new KeyHasher([first]).hash(generateKey('live'));
    expect(inspect(hash)).toBe('[KeyHash]');
    expect(JSON.stringify(hash)).toBe('"[KeyHash]"');
  });
});
