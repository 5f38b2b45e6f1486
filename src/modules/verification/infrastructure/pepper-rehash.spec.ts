import { describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { KeyFormat, KeyHasher } from '../../api-keys/index.js';
import { PepperRehash } from './pepper-rehash.js';

const PEPPERS = [1, 2, 3].map((version) => ({ version, key: Buffer.alloc(32, version) }));
const SECRET = '018f4e1e-0000-7000-8000-000000000001';

/** What a node that writes with the second of three peppers sends to the database for a secret of this version. */
function rehashed(pepperVersion: number): { hash: Buffer; values: unknown[][] } {
  const hasher = new KeyHasher(PEPPERS, 2);
  const key = new KeyFormat().generate('live', hasher.tags);
  const values: unknown[][] = [];
  const pool = {
    query: (_text: string, sent: unknown[]) => Promise.resolve(values.push(sent)),
  } as unknown as Pick<Pool, 'query'>;
  new PepperRehash(pool, hasher).rehashIfOutdated(key, { secretId: SECRET, pepperVersion });
  return { hash: hasher.hash(key).bytes, values };
}

describe('A secret that has been verified', () => {
  it('is hashed again under the pepper that this node writes with, if its own is an older one', () => {
    const { hash, values } = rehashed(1);
    expect(values).toEqual([[hash, 2, SECRET, 1]]);
  });

  it.each([2, 3])(
    'is left alone under pepper %i, which is that one or a newer: two nodes would move it back and forth',
    (version) => {
      expect(rehashed(version).values).toEqual([]);
    },
  );
});
