import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BASE62, base62 } from './base62.js';
import { TAG_LENGTH, type KeyTags } from './key-tags.js';
import { PlaintextKey } from './plaintext-key.js';

/*
 * <prefix>_ + live, test or service + _ + 24 random base62 characters + 6 of tag + 6 of checksum. Keys that are older than
 * tags have 30 random characters.
 *
 * NEVER CHANGE THE DEFAULT PREFIX, THE ALPHABET OR THE CHECKSUM: keys in the field carry them, and secret scanners look for
 * \bupblit_(live|test|service)_[0-9A-Za-z]{36}\b.
 */
export const KEY_ENVIRONMENTS = ['live', 'test'] as const;
export type KeyEnvironment = (typeof KEY_ENVIRONMENTS)[number];

/** What stands within a key: the environment of one that an application hands out, or that it is for a machine of ours. */
const KEY_KINDS = [...KEY_ENVIRONMENTS, 'service'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** How keys begin, before an underscore, unless the operator has a prefix of their own. */
const DEFAULT_PREFIX = 'upblit';

const RANDOM_LENGTH = 24;
const CHECKSUM_LENGTH = 6;
/** Characters after the last underscore. */
const BODY_LENGTH = RANDOM_LENGTH + TAG_LENGTH + CHECKSUM_LENGTH;

/** The largest multiple of 62 that a byte can hold: bytes from here on are thrown away, so that no character is likelier. */
const UNBIASED_LIMIT = 248;

/** Writes and reads keys that begin with the prefix of this installation, and reads those of its former prefixes. */
export class KeyFormat {
  /** Those that keys are read by; the first one is that of new keys. */
  readonly prefixes: readonly string[];
  private readonly beginning: string;
  private readonly formerBeginnings: readonly string[];
  private readonly form: RegExp;
  private readonly serviceKey: RegExp;
  private readonly maxLength: number;

  /** @param prefix and `former`: a lower-case letter and up to 15 letters and digits each, without the underscore. */
  constructor(prefix = DEFAULT_PREFIX, former: readonly string[] = []) {
    this.prefixes = [...new Set([prefix, ...former])];
    const [beginning = '', ...formerBeginnings] = this.prefixes.map((one) => `${one}_`);
    this.beginning = beginning;
    this.formerBeginnings = formerBeginnings;
    this.form = new RegExp(`^${this.expression}$`);
    this.serviceKey = new RegExp(`^(?:${this.prefixes.join('|')})_service_`);
    const longest = Math.max(...this.prefixes.map(({ length }) => length));
    this.maxLength = longest + '_service_'.length + BODY_LENGTH;
  }

  /** What all keys look like, as a regular expression that every common engine reads. It needs a boundary at either end. */
  get expression(): string {
    const [only, ...others] = this.prefixes;
    const prefix = others.length === 0 ? only : `(?:${this.prefixes.join('|')})`;
    return `${prefix}_(?:${KEY_KINDS.join('|')})_[0-9A-Za-z]{${BODY_LENGTH}}`;
  }

  /** A new key: 24 characters out of 62 are 143 bits, from the operating system's generator. */
  generate(kind: KeyKind, tags: KeyTags): PlaintextKey {
    const beginning = `${this.beginning}${kind}_${randomBase62(RANDOM_LENGTH)}`;
    const body = beginning + tags.of(beginning);
    return new PlaintextKey(body + checksum(body));
  }

  /**
   * Reads a key somebody presents; null for what cannot be one of ours. The checksum turns typing errors away before
   * anything is looked up. It is no secret and proves nothing.
   */
  parse(text: string): PlaintextKey | null {
    if (text.length > this.maxLength || !this.form.test(text)) return null;
    if (checksum(text.slice(0, -CHECKSUM_LENGTH)) !== text.slice(-CHECKSUM_LENGTH)) return null;
    return new PlaintextKey(text);
  }

  /** Whether the text begins as keys do that are made here, and so is no key that was made elsewhere. */
  isOurs(text: string): boolean {
    // Most installations have never had another prefix; every verification comes here.
    return text.startsWith(this.beginning) || this.formerBeginnings.some((one) => text.startsWith(one));
  }

  /** Whether the text begins as service keys do. */
  isForService(text: string): boolean {
    return this.serviceKey.test(text);
  }
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
