import { beforeEach, describe, expect, it } from '@jest/globals';
import { KeyFormat, parseImportedKey } from '../../api-keys/index.js';
import type { Freshness } from '../../freshness/index.js';
import type { KeysWithoutTag } from '../application/verification-record-store.js';
import { KnownKeysWithoutTag } from './keys-without-tag.js';

const OURS = new KeyFormat().parse('upblit_live_0000000000000000000000000000003GFZKz')!;
const FOREIGN = parseImportedKey('sk_live_made_elsewhere', new KeyFormat())!;
const NOBODY: KeysWithoutTag = { issuedHere: false, importers: new Set() };

describe('What is known of keys without a tag', () => {
  let stored: KeysWithoutTag;
  let isHeld: boolean;
  let reads: number;
  let listener: Parameters<Freshness['subscribe']>[0];
  let known: KnownKeysWithoutTag;
  beforeEach(() => {
    stored = NOBODY;
    isHeld = true;
    reads = 0;
    known = new KnownKeysWithoutTag(
      {
        held: () => isHeld,
        beginFill: () => 0,
        mayFill: () => true,
        subscribe: (one) => {
          listener = one;
        },
        read: async (query) => (await query(0)).value,
      },
      {
        readKeysWithoutTag: async () => {
          reads += 1;
          await new Promise((resolve) => setImmediate(resolve));
          return { value: stored, asOf: 0 };
        },
      },
    );
  });

  it('is asked for once, and is that there are none where there are none', async () => {
    expect(known.recall(OURS, null)).toBeUndefined();
    const answers = await Promise.all(Array.from({ length: 100 }, () => known.mayExist(FOREIGN, 'a')));
    expect(new Set(answers)).toEqual(new Set([false]));
    expect([known.recall(OURS, 'a'), known.recall(FOREIGN, null)]).toEqual([false, false]);
    expect(await known.mayExist(OURS, 'a')).toBe(false);
    expect(reads).toBe(1);
  });

  it('tells keys that were issued here from those of the applications that import some', async () => {
    stored = { issuedHere: false, importers: new Set(['a']) };
    expect(await known.mayExist(OURS, 'a')).toBe(false);
    const asked = ['a', 'b', null].map((applicationId) => known.recall(FOREIGN, applicationId));
    expect(asked).toEqual([true, false, true]);
    stored = { issuedHere: true, importers: new Set() };
    listener.onChange({ kind: 'untagged_key', id: 'one' });
    expect(await known.mayExist(OURS, null)).toBe(true);
    expect(known.recall(FOREIGN, null)).toBe(false);
  });

  it('is that any application may have some when too many have', async () => {
    stored = { issuedHere: false, importers: 'too many' };
    expect(await known.mayExist(FOREIGN, 'b')).toBe(true);
    expect(known.recall(OURS, 'b')).toBe(false);
  });

  it.each(['imported_key', 'untagged_key'])(
    'ends with a change of the kind %s, and no other',
    async (kind) => {
      await known.mayExist(OURS, null);
      listener.onChange({ kind: 'api_key', id: 'one' });
      expect(known.recall(OURS, null)).toBe(false);
      listener.onChange({ kind, id: 'one' });
      expect(known.recall(OURS, null)).toBeUndefined();
    },
  );

  it('is nothing without a lease, and a flood makes a read at a time', async () => {
    isHeld = false;
    await Promise.all(Array.from({ length: 100 }, () => known.mayExist(FOREIGN, 'a')));
    expect(known.recall(FOREIGN, 'a')).toBeUndefined();
    // The first one, and the one that all who came meanwhile share.
    expect(reads).toBe(2);
  });
});
