import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { base62 } from './base62.js';
import type { Pepper } from './pepper.js';

export const TAG_LENGTH = 6;

/*
 * NEVER CHANGE THE LABEL OR THE WAY A TAG IS MADE: keys in the field carry tags.
 */
const LABEL = 'upblit key tag';

/** Bytes of the HMAC that a tag is made of: as many as a number of JavaScript holds, and more than six digits show. */
const TRUNCATED_BYTES = 6;

/**
 * The tags by which the service knows the keys that it has issued before it looks them up: HMAC-SHA-256 (RFC 2104) under a
 * key that is derived from a pepper (HKDF, RFC 5869), truncated to six digits of base62. Who has not the pepper is right
 * once in 5.7 × 10^10 guesses, and has gained a look-up that finds nothing.
 */
export class KeyTags {
  private readonly current: Buffer;
  private readonly keys: readonly Buffer[];

  /** @param peppers The first one makes the tags of new keys. */
  constructor([current, ...others]: readonly [Pepper, ...Pepper[]]) {
    this.current = derive(current);
    this.keys = [this.current, ...others.map(derive)];
  }

  /** The tag of a new key that begins with this text. */
  of(beginning: string): string {
    return tag(beginning, this.current);
  }

  /** Whether one of the peppers has made this tag of a key that begins with this text. */
  explain(beginning: string, presented: string): boolean {
    const bytes = Buffer.from(presented);
    if (bytes.length !== TAG_LENGTH) return false;
    return this.keys.some((key) => timingSafeEqual(Buffer.from(tag(beginning, key)), bytes));
  }
}

function derive({ key }: Pepper): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', LABEL, 32));
}

function tag(beginning: string, key: Buffer): string {
  const digest = createHmac('sha256', key).update(beginning).digest();
  return base62(digest.readUIntBE(0, TRUNCATED_BYTES), TAG_LENGTH);
}
