import { createHash, createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { hasGoodTag } from './key-format.js';
import { KeyTags } from './key-tags.js';
import type { Pepper } from './pepper.js';
import type { PlaintextKey } from './plaintext-key.js';

/** What is kept of a key. Shows nothing of itself when printed. */
export class KeyHash {
  constructor(
    /** 32 bytes. */
    readonly bytes: Buffer,
    readonly pepperVersion: number,
  ) {}

  toJSON(): string {
    return '[KeyHash]';
  }

  [inspect.custom](): string {
    return '[KeyHash]';
  }
}

/**
 * HMAC-SHA-256 (RFC 2104) of keys under a pepper. A password hash would add nothing to 143 random bits, and would
 * cap verification at a few keys a second.
 */
export class KeyHasher {
  /** Of the same peppers: the one that hashes new keys makes their tags. */
  readonly tags: KeyTags;
  private readonly current: Pepper;

  /** @param version Of the pepper that hashes new keys. What the others hashed is found, too. */
  constructor(
    private readonly peppers: readonly Pepper[],
    version = peppers[0]?.version,
  ) {
    const current = peppers.find((pepper) => pepper.version === version);
    if (current === undefined) throw new Error('a key hasher needs the pepper that it hashes with');
    this.current = current;
    const others = peppers.filter((pepper) => pepper !== current);
    this.peppers = [current, ...others];
    this.tags = new KeyTags([current, ...others]);
  }

  get currentVersion(): number {
    return this.current.version;
  }

  get versions(): number[] {
    return this.peppers.map(({ version }) => version);
  }

  /** Whether a key carries the tag of one of the peppers: see `hasGoodTag`. Imported ones carry none. */
  knowsTagOf(key: PlaintextKey): boolean {
    return !key.isImported && hasGoodTag(key, this.tags);
  }

  hash(key: PlaintextKey): KeyHash {
    return digest(key, this.current);
  }

  /** Every hash the key may be kept under, the current pepper's first. */
  candidates(key: PlaintextKey): Buffer[] {
    return this.peppers.map((pepper) => digest(key, pepper).bytes);
  }

  /** For a key that was made elsewhere, and of which only the SHA-256 is known. */
  hashDigest(sha256: Buffer): KeyHash {
    return digestOfDigest(sha256, this.current);
  }

  digestCandidates(sha256: Buffer): Buffer[] {
    return this.peppers.map((pepper) => digestOfDigest(sha256, pepper).bytes);
  }
}

/** The SHA-256 by which a key that was made elsewhere is imported. */
export function sha256Of(key: PlaintextKey): Buffer {
  return createHash('sha256').update(key.reveal()).digest();
}

/** The label keeps who has but the SHA-256 from presenting its bytes as a key. */
function digestOfDigest(sha256: Buffer, pepper: Pepper): KeyHash {
  return new KeyHash(
    createHmac('sha256', pepper.key).update('sha256:').update(sha256).digest(),
    pepper.version,
  );
}

function digest(key: PlaintextKey, pepper: Pepper): KeyHash {
  return new KeyHash(createHmac('sha256', pepper.key).update(key.reveal()).digest(), pepper.version);
}
