import { KeyFormat, type KeyKind } from '../../src/modules/api-keys/domain/key-format.js';
import { KeyTags } from '../../src/modules/api-keys/domain/key-tags.js';
import { TEST_PEPPER } from './service-key.js';

const tags = new KeyTags([TEST_PEPPER]);
const otherTags = new KeyTags([{ version: 1, key: Buffer.from('of somebody who makes keys up...') }]);

/** A key with a good tag that was never issued, or has been deleted since: only the database can tell. */
export function unissuedKey(kind: KeyKind = 'live'): string {
  return new KeyFormat().generate(kind, tags).reveal();
}

/** As somebody makes it up who knows the form of keys, and not the pepper. It looks as keys do that are older than tags. */
export function forgedKey(kind: KeyKind = 'live'): string {
  return new KeyFormat().generate(kind, otherTags).reveal();
}
