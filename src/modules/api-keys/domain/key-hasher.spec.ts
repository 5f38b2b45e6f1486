import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { generateKey } from './key-format.js';
import { KeyHasher } from './key-hasher.js';

const first = { version: 1, key: Buffer.alloc(32, 1) };
const second = { version: 2, key: Buffer.alloc(32, 2) };

describe('KeyHasher', () => {
  it('hashes by HMAC-SHA-256 under the newest pepper, whatever their order', () => {
    const key = generateKey('live');
    const hash = new KeyHasher([second, first]).hash(key);
    expect(hash.pepperVersion).toBe(2);
    expect(hash.bytes).toEqual(createHmac('sha256', second.key).update(key.reveal()).digest());
    expect(new KeyHasher([first, second]).hash(key)).toEqual(hash);
  });

  it('still finds what an older pepper hashed', () => {
    const key = generateKey('live');
    const old = new KeyHasher([first]).hash(key);
    expect(new KeyHasher([first, second]).candidates(key)).toContainEqual(old.bytes);
  });

  it('does not work without a pepper', () => {
    expect(() => new KeyHasher([])).toThrow('pepper');
  });

  it('makes hashes that show nothing when printed', () => {
    const hash = new KeyHasher([first]).hash(generateKey('live'));
    expect(inspect(hash)).toBe('[KeyHash]');
    expect(JSON.stringify(hash)).toBe('"[KeyHash]"');
  });
});
