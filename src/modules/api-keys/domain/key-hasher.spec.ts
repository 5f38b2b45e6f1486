import { describe, expect, it } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { KeyFormat } from './key-format.js';
import { KeyHasher, sha256Of } from './key-hasher.js';
import { KeyTags } from './key-tags.js';
import { PlaintextKey } from './plaintext-key.js';

const first = { version: 1, key: Buffer.alloc(32, 1) };
const second = { version: 2, key: Buffer.alloc(32, 2) };

describe('KeyHasher', () => {
  it('hashes by HMAC-SHA-256 under the pepper it is told to, whatever their order', () => {
    const key = new KeyFormat().generate('live', new KeyTags([first]));
    const hash = new KeyHasher([second, first], 2).hash(key);
    expect(hash.pepperVersion).toBe(2);
    expect(hash.bytes).toEqual(createHmac('sha256', second.key).update(key.reveal()).digest());
    expect(new KeyHasher([first, second], 2).hash(key)).toEqual(hash);
    expect(new KeyHasher([first, second], 1).hash(key).pepperVersion).toBe(1);
  });

  it('finds what any pepper hashed, older or newer', () => {
    const key = new KeyFormat().generate('live', new KeyTags([first]));
    const old = new KeyHasher([first]).hash(key);
    const next = new KeyHasher([second]).hash(key);
    for (const version of [1, 2]) {
      const candidates = new KeyHasher([first, second], version).candidates(key);
      expect(candidates).toHaveLength(2);
      expect(candidates).toEqual(expect.arrayContaining([old.bytes, next.bytes]));
    }
  });

  it('says which pepper it hashes with, and which others it knows', () => {
    expect(new KeyHasher([first, second]).currentVersion).toBe(1);
    expect(new KeyHasher([first, second], 2).currentVersion).toBe(2);
    expect(new KeyHasher([first, second], 2).versions.sort()).toEqual([1, 2]);
  });

  it('knows the tag that any of its peppers has made, and gives new keys that of the one it hashes with', () => {
    const hasher = new KeyHasher([first, second], 2);
    const key = new KeyFormat().generate('live', hasher.tags);
    expect(hasher.knowsTagOf(key)).toBe(true);
    expect(new KeyHasher([second]).knowsTagOf(key)).toBe(true);
    expect(new KeyHasher([first]).knowsTagOf(key)).toBe(false);
    expect(hasher.knowsTagOf(new KeyFormat().generate('test', new KeyTags([first])))).toBe(true);
    expect(hasher.knowsTagOf(new PlaintextKey('x'.repeat(40), true))).toBe(false);
  });

  it('knows a key that was made elsewhere by its SHA-256, under any pepper', () => {
    const sha256 = sha256Of(new PlaintextKey('made elsewhere', true));
    expect(sha256).toEqual(createHash('sha256').update('made elsewhere').digest());
    const hash = new KeyHasher([first, second], 2).hashDigest(sha256);
    expect(hash).toMatchObject({
      pepperVersion: 2,
      bytes: createHmac('sha256', second.key).update('sha256:').update(sha256).digest(),
    });
    const candidates = new KeyHasher([first, second], 1).digestCandidates(sha256);
    expect(candidates).toEqual([new KeyHasher([first]).hashDigest(sha256).bytes, hash.bytes]);
  });

  it('takes nobody who has but the SHA-256 of a key for its holder', () => {
    const hasher = new KeyHasher([first]);
    const sha256 = Buffer.from('visible characters of 32 bytes..');
    expect(hasher.hash(new PlaintextKey(sha256.toString(), true)).bytes).not.toEqual(
      hasher.hashDigest(sha256).bytes,
    );
  });

  it('does not work without a pepper', () => {
    expect(() => new KeyHasher([])).toThrow('pepper');
    expect(() => new KeyHasher([first], 2)).toThrow('pepper');
  });

  it('makes hashes that show nothing when printed', () => {
    const hash = new KeyHasher([first]).hash(new KeyFormat().generate('live', new KeyTags([first])));
    expect(inspect(hash)).toBe('[KeyHash]');
    expect(JSON.stringify(hash)).toBe('"[KeyHash]"');
  });
});
