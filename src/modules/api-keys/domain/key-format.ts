import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { PlaintextKey } from './plaintext-key.js';

/*
 * upblit_ + live, test or service + _ + 30 random base62 characters + 6 of checksum.
 *
 * NEVER CHANGE THE PREFIX, THE ALPHABET OR THE CHECKSUM: keys in the field carry them, and secret scanners look for
 * \bupblit_(live|test|service)_[0-9A-Za-z]{36}\b.
 */
export const KEY_ENVIRONMENTS = ['live', 'test'] as const;
export type KeyEnvironment = (typeof KEY_ENVIRONMENTS)[number];

/** What stands within a key: the environment of one that an application hands out, or that it is for a machine of ours. */
const KEY_KINDS = [...KEY_ENVIRONMENTS, 'service'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const MAX_KEY_LENGTH = 'upblit_service_'.length + RANDOM_LENGTH + CHECKSUM_LENGTH;
const FORM = new RegExp(`^upblit_(?:${KEY_KINDS.join('|')})_[0-9A-Za-z]{36}$`);

/** The largest multiple of 62 that a byte can hold: bytes from here on are thrown away, so that no character is likelier. */
const UNBIASED_LIMIT = 248;

/** A new key: 30 characters out of 62 are 178 bits, from the operating system's generator. */
export function generateKey(kind: KeyKind): PlaintextKey {
  const body = `upblit_${kind}_${randomBase62(RANDOM_LENGTH)}`;
  return new PlaintextKey(body + checksum(body));
}

/**
 * Reads a key somebody presents; null for what cannot be one of ours. The checksum turns typing errors away before
 * anything is looked up. It is no secret and proves nothing.
 */
export function parseKey(text: string): PlaintextKey | null {
  if (text.length > MAX_KEY_LENGTH || !FORM.test(text)) return null;
  if (checksum(text.slice(0, -CHECKSUM_LENGTH)) !== text.slice(-CHECKSUM_LENGTH)) return null;
  return new PlaintextKey(text);
}

/** CRC-32 as zlib computes it (ISO 3309), big-endian in base62, zero-padded. */
function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = ALPHABET.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length + 8)) {
      if (byte < UNBIASED_LIMIT && text.length < length) text += ALPHABET.charAt(byte % 62);
    }
  }
  return text;
}
