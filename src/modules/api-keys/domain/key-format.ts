import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BASE62, base62 } from './base62.js';
import { TAG_LENGTH, type KeyTags } from './key-tags.js';
import { PlaintextKey } from './plaintext-key.js';

/*
 * upblit_ + live, test or service + _ + 24 random base62 characters + 6 of tag + 6 of checksum. Keys that are older than
 * tags have 30 random characters.
 *
 * NEVER CHANGE THE PREFIX, THE ALPHABET OR THE CHECKSUM: keys in the field carry them, and secret scanners look for
 * \bupblit_(live|test|service)_[0-9A-Za-z]{36}\b.
 */
export const KEY_ENVIRONMENTS = ['live', 'test'] as const;
export type KeyEnvironment = (typeof KEY_ENVIRONMENTS)[number];

/** What stands within a key: the environment of one that an application hands out, or that it is for a machine of ours. */
const KEY_KINDS = [...KEY_ENVIRONMENTS, 'service'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** How every key begins that is made here. */
export const KEY_PREFIX = 'upblit_';
/** How every service key begins. */
export const SERVICE_KEY_PREFIX = `${KEY_PREFIX}service_`;

const RANDOM_LENGTH = 24;
const CHECKSUM_LENGTH = 6;
const MAX_KEY_LENGTH = SERVICE_KEY_PREFIX.length + RANDOM_LENGTH + TAG_LENGTH + CHECKSUM_LENGTH;
const FORM = new RegExp(`^upblit_(?:${KEY_KINDS.join('|')})_[0-9A-Za-z]{36}$`);

/** The largest multiple of 62 that a byte can hold: bytes from here on are thrown away, so that no character is likelier. */
const UNBIASED_LIMIT = 248;

/** A new key: 24 characters out of 62 are 143 bits, from the operating system's generator. */
export function generateKey(kind: KeyKind, tags: KeyTags): PlaintextKey {
  const beginning = `${KEY_PREFIX}${kind}_${randomBase62(RANDOM_LENGTH)}`;
  const body = beginning + tags.of(beginning);
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

/**
 * Whether the key carries a tag of ours. One that does not was never issued, or is older than tags, or was issued under a
 * pepper that is no longer configured.
 */
export function hasGoodTag(key: PlaintextKey, tags: KeyTags): boolean {
  const body = key.reveal().slice(0, -CHECKSUM_LENGTH);
  return tags.explain(body.slice(0, -TAG_LENGTH), body.slice(-TAG_LENGTH));
}

/** CRC-32 as zlib computes it (ISO 3309), in base62. */
function checksum(text: string): string {
  return base62(crc32(text), CHECKSUM_LENGTH);
}

function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length + 8)) {
      if (byte < UNBIASED_LIMIT && text.length < length) text += BASE62.charAt(byte % 62);
    }
  }
  return text;
}
