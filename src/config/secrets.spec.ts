import { describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { parsePeppers, parsePreviousKeys, parseSigningKey } from './secrets.js';

function newPem(namedCurve = 'P-256'): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const spki = (pem: string): string => createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();

describe('parseSigningKey', () => {
  const pem = newPem();

  it.each([
    ['as it is', pem],
    ['with \\n for its line breaks', pem.replaceAll('\n', '\\n')],
    ['in base64', Buffer.from(pem).toString('base64')],
    ['in base64url', Buffer.from(pem).toString('base64url')],
  ])('takes PEM %s', (_, text) => {
    expect(parseSigningKey(text).equals(parseSigningKey(pem))).toBe(true);
  });

  it.each([
    ['a public key', spki(pem)],
    ['a key of another curve', newPem('P-384')],
    ['a key of another curve that is as long', newPem('secp256k1')],
    ['an RSA key', rsaPem()],
    ['a key that is cut off', pem.slice(0, -60)],
    ['a word', 'secret'],
  ])('refuses %s without repeating it', (_, text) => {
    expect(() => parseSigningKey(text)).toThrow(/^must be a P-256 private key in PKCS#8 PEM$/);
  });
});

describe('parsePreviousKeys', () => {
  it('takes any number of keys, public or private, and keeps the public part', () => {
    const [first, second] = [newPem(), newPem()];
    const keys = parsePreviousKeys(`${first}${spki(second)}`);
    expect(keys.map((key) => key.type)).toEqual(['public', 'public']);
    expect(keys.map((key) => key.export({ type: 'spki', format: 'pem' }))).toEqual([
      spki(first),
      spki(second),
    ]);
  });

  it.each([
    ['nothing that is PEM', 'x'],
    ['a key of another curve', newPem('P-384')],
  ])('refuses %s', (_, text) => {
    expect(() => parsePreviousKeys(text)).toThrow(/^must be P-256 keys/);
  });
});

describe('parsePeppers', () => {
  const key = (byte: number, length = 32): string => Buffer.alloc(length, byte).toString('base64url');

  it('returns the peppers, the newest version last however they are written', () => {
    expect(parsePeppers(`10=${key(10)}, 2=${key(2)},1=${key(1, 64)}`)).toEqual([
      { version: 1, key: Buffer.alloc(64, 1) },
      { version: 2, key: Buffer.alloc(32, 2) },
      { version: 10, key: Buffer.alloc(32, 10) },
    ]);
  });

  it.each([
    ['a key of 31 bytes', `1=${key(1, 31)}`],
    ['no version', key(1)],
    ['version 0', `0=${key(1)}`],
    ['a version with a leading zero', `01=${key(1)}`],
    ['a version that is too high', `10000=${key(1)}`],
    ['plain base64', `1=${Buffer.alloc(32, 255).toString('base64')}`],
    ['a comma at the end', `1=${key(1)},`],
    ['a version twice', `1=${key(1)},1=${key(2)}`],
  ])('refuses %s without repeating it', (_, text) => {
    expect(() => parsePeppers(text)).toThrow(/^must (be like 1=|not name a version twice)/);
    const secret = text.split('=')[1] ?? text;
    expect(() => parsePeppers(text)).not.toThrow(secret);
  });

  it('refuses nothing that is long enough', () => {
    expect(parsePeppers(`1=${randomBytes(33).toString('base64url')}`)).toHaveLength(1);
  });
});

function rsaPem(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
